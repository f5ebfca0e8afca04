/**
 * The walk through the rungs of the ladder: Next and Back open one rung after the other.
 * @module
 */
import { h } from "./dom.ts";
import type { Say } from "./text.ts";
import type { Rung } from "./view/ladder.ts";

export class Walk {
  /** The bar with Back, the current step and Next. It is hidden until the ladder has a rung. */
  readonly element: HTMLElement;
  readonly #ladder: HTMLOListElement;
  readonly #say: Say;
  readonly #rungs: Rung[] = [];
  #current = -1;
  readonly #back: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #label = h("p", { class: "where", "data-testid": "where" });

  constructor(ladder: HTMLOListElement, say: Say) {
    this.#ladder = ladder;
    this.#say = say;
    this.#back = h("button", { type: "button", "data-testid": "back" }, say({ en: "Back", ko: "이전" }));
    this.#next = h("button", { type: "button", "data-testid": "next" }, say({ en: "Next", ko: "다음" }));
    this.#back.addEventListener("click", () => this.back());
    this.#next.addEventListener("click", () => this.next());
    this.element = h(
      "nav",
      { class: "walk", "aria-label": say({ en: "Walk through the steps", ko: "단계 둘러보기" }), hidden: true },
      this.#back,
      this.#label,
      this.#next,
    );
    ladder.addEventListener("keydown", (event) => this.#moveFocus(event));
    this.#update();
  }

  add(rung: Rung): void {
    this.#rungs.push(rung);
    this.#ladder.append(rung.element);
    this.element.hidden = false;
    this.#update();
  }

  next(): void {
    this.#go(this.#current + 1);
  }

  back(): void {
    this.#go(this.#current - 1);
  }

  select(rung: Rung): void {
    this.#go(this.#rungs.indexOf(rung));
  }

  /** Says that the ladder does not show all events. */
  showLimit(): void {
    this.#ladder.dataset.limit = this.#say({
      en: "The inspector shows no more events: the connection has too many.",
      ko: "이벤트가 너무 많아 더 보여 주지 않습니다.",
    });
  }

  #go(index: number): void {
    const rung = this.#rungs[index];
    if (!rung) return;
    this.#rungs[this.#current]?.open(false);
    this.#rungs[this.#current]?.element.removeAttribute("aria-current");
    this.#current = index;
    rung.open(true);
    rung.element.setAttribute("aria-current", "step");
    rung.target.focus({ preventScroll: true });
    rung.element.scrollIntoView({ block: "start" });
    this.#update();
  }

  /** The arrow keys move the focus between the headings of rungs. */
  #moveFocus(event: KeyboardEvent): void {
    const index = this.#rungs.findIndex(({ target }) => target === event.target);
    if (index < 0) return;
    const destinations: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: this.#rungs.length - 1,
    };
    const destination = this.#rungs[destinations[event.key] ?? -1];
    if (!destination) return;
    event.preventDefault();
    destination.target.focus();
  }

  #update(): void {
    const total = this.#rungs.length;
    const { title } = this.#rungs[this.#current] ?? {};
    this.#label.textContent = this.#say(
      title === undefined
        ? { en: `${total} steps`, ko: `${total}단계` }
        : {
            en: `${this.#current + 1} of ${total}: ${title}`,
            ko: `${total}단계 중 ${this.#current + 1}: ${title}`,
          },
    );
    this.#back.disabled = this.#current <= 0;
    this.#next.disabled = this.#current >= total - 1;
  }
}
