/**
 * The web component: the ladder of a connection, and the walk through its steps.
 * @module
 */
import type { Role } from "@handclasp/core";
import { h } from "./dom.ts";
import type { InspectorEvent } from "./event.ts";
import { steps } from "./lesson.ts";
import { maxBytes, maxEvents } from "./limits.ts";
import type { Recording } from "./recording.ts";
import { type Row, Story } from "./story.ts";
import { styles } from "./styles/styles.ts";
import { languageOf, type Say, sayIn } from "./text.ts";
import { certificateErrorOf, refusal } from "./view/chain.ts";
import { preview, type Rung, rung } from "./view/ladder.ts";
import { tools } from "./view/tools.ts";
import { Walk } from "./walk.ts";

// A server that renders pages imports this module too, but has no elements.
const Base: typeof HTMLElement =
  typeof HTMLElement === "undefined" ? (class {} as unknown as typeof HTMLElement) : HTMLElement;

/**
 * The element `<handclasp-inspector>`. Call `defineInspector` once before you use it. Its attribute `lang` chooses the
 * language, `en` or `ko`; by default, the language is that of the page. Its colours follow `color-scheme`.
 *
 * The inspector never asks for secrets. It explains the keys and shows decrypted data only if you trace with
 * `secrets: true`, and then anyone who sees the page can decrypt the connection. Do that only for a channel that is
 * made for teaching or for debugging.
 * @example
 * async function inspect(url: string, ca: string, inspector: HandclaspInspector): Promise<void> {
 *   await connect(url, { ca, trace: { listener: inspector.begin(), secrets: true } });
 * }
 */
export class HandclaspInspector extends Base {
  static readonly observedAttributes: readonly string[] = ["lang"];
  #role: Role = "client";
  #events: InspectorEvent[] = [];
  #bytes = 0;
  #failure: Error | undefined;
  #generation = 0;
  #story: Story = new Story("client");
  #ladder: HTMLOListElement | undefined;
  #progress: HTMLOListElement | undefined;
  #walk: Walk | undefined;
  /** The rung with the peer's certificates. */
  #certificate: Rung | undefined;
  /** The time at which the last rung appears. Rungs appear one by one, because a handshake takes only milliseconds. */
  #lastAppears = 0;

  connectedCallback(): void {
    if (!this.shadowRoot) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(styles);
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    }
    this.#render();
  }

  attributeChangedCallback(): void {
    if (this.shadowRoot) this.#render();
  }

  /**
   * Removes the connection that is shown, and returns the listener for the trace of the next one. The listener ignores
   * events once `begin` has been called again.
   * @param role the end that traces. Default `"client"`
   */
  begin(role: Role = "client"): (event: InspectorEvent) => void {
    this.#role = role;
    this.#events = [];
    this.#bytes = 0;
    this.#failure = undefined;
    const generation = ++this.#generation;
    this.#render();
    return (event) => {
      if (generation === this.#generation) this.#add(event);
    };
  }

  /**
   * Shows an error that ended the connection, unless the trace has reported one. `connect` rejects with such an
   * error.
   */
  fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#show(this.#story.fail(error));
  }

  /**
   * The connection that is shown, for `recordingToJson` and `recordingToPcapng`. It contains the secrets if the
   * trace did.
   */
  get recording(): Recording {
    return { role: this.#role, events: [...this.#events] };
  }

  /** Shows a recorded connection. */
  load({ role, events }: Recording): void {
    const listener = this.begin(role);
    for (const event of events) listener(event);
  }

  /** Walks to the next step, as the button Next does. */
  next(): void {
    this.#walk?.next();
  }

  /** Walks to the step before, as the button Back does. */
  back(): void {
    this.#walk?.back();
  }

  #add(event: InspectorEvent): void {
    this.#bytes += event.type === "record" ? event.fragment.length : 0;
    if (this.#events.length >= maxEvents || this.#bytes > maxBytes) return this.#walk?.showLimit();
    if (this.#events.length === 0) this.#ladder?.replaceChildren();
    this.#events.push(event);
    this.#show(this.#story.add(event));
  }

  /** Makes everything anew, in the current language. */
  #render(): void {
    const root = this.shadowRoot;
    if (!root) return;
    const say = this.#say();
    this.#story = new Story(this.#role);
    this.#ladder = h("ol", { class: "ladder", "data-testid": "ladder" });
    this.#progress = h(
      "ol",
      { class: "steps", "aria-label": say({ en: "The seven steps of the textbook", ko: "교과서의 일곱 단계" }) },
      ...steps.map(({ name }, i) =>
        h(
          "li",
          {},
          h("button", { type: "button", disabled: true, title: name }, h("i", {}, String(i + 1)), h("span", {}, name)),
        ),
      ),
    );
    this.#walk = new Walk(this.#ladder, say);
    const [client, server] =
      this.#role === "client"
        ? [say({ en: "this side", ko: "이쪽" }), say({ en: "the peer", ko: "상대" })]
        : [say({ en: "the peer", ko: "상대" }), say({ en: "this side", ko: "이쪽" })];
    root.replaceChildren(
      h("nav", { class: "progress", "aria-label": say({ en: "The seven steps", ko: "일곱 단계" }) }, this.#progress),
      h(
        "div",
        { class: "ends" },
        h(
          "p",
          { class: "client" },
          h("strong", {}, say({ en: "Client", ko: "클라이언트" })),
          h("span", {}, ` ${client}`),
        ),
        h("p", { class: "server" }, h("strong", {}, say({ en: "Server", ko: "서버" })), h("span", {}, ` ${server}`)),
      ),
      this.#ladder,
      this.#walk.element,
      tools(this, say),
    );
    if (this.#events.length === 0) this.#ladder.append(...preview({ say }));
    for (const event of this.#events) this.#show(this.#story.add(event));
    if (this.#failure) this.#show(this.#story.fail(this.#failure));
  }

  #say(): Say {
    return sayIn(languageOf(this.closest<HTMLElement>("[lang]")?.lang ?? ""));
  }

  #show(rows: readonly Row[]): void {
    const view = { story: this.#story, say: this.#say() };
    for (const row of rows) {
      const shown = rung(row, view);
      const now = performance.now();
      this.#lastAppears = Math.max(now, this.#lastAppears + rungDelay);
      shown.element.style.setProperty("--delay", `${this.#lastAppears - now}ms`);
      this.#walk?.add(shown);
      if (row.kind === "handshake" && row.name === "certificate" && row.from !== this.#role) this.#certificate = shown;
      const refused = row.kind === "failure" ? certificateErrorOf(row.error) : undefined;
      if (refused) this.#certificate?.element.append(refusal(refused, view));
      if (shown.step !== undefined) this.#link(shown);
      if (row.kind === "application_data" || row.kind === "failure") shown.element.scrollIntoView({ block: "nearest" });
    }
  }

  /** Enables the button of a step that the handshake has reached. */
  #link(shown: Rung): void {
    const button = this.#progress?.children[(shown.step ?? 0) - 1]?.querySelector("button");
    if (!button?.disabled) return;
    button.disabled = false;
    button.addEventListener("click", () => this.#walk?.select(shown));
  }
}

/** The delay between rungs, in milliseconds. */
const rungDelay = 70;

/**
 * Defines the element, under the name `handclasp-inspector` or another one. It does nothing if the name is defined.
 * @example
 * defineInspector();
 * document.body.append(document.createElement("handclasp-inspector"));
 */
export function defineInspector(name = "handclasp-inspector"): void {
  if (!customElements.get(name)) customElements.define(name, HandclaspInspector);
}

declare global {
  interface HTMLElementTagNameMap {
    "handclasp-inspector": HandclaspInspector;
  }
}
