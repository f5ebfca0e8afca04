/**
 * The page's entry: reads the form, opens one connection at a time, and shows the connection on the ladder.
 * @module
 */
import { TlsError } from "@handclasp/core";
import { type Channel, openChannel } from "./channel.ts";
import { readChoices, startChoices } from "./choices.ts";
import { byId, h } from "./dom.ts";
import { steps } from "./lesson.ts";
import { type Row, Story } from "./story.ts";
import type { Target } from "./tamper.ts";
import { errorCard } from "./view/errorCard.ts";
import { preview, rung } from "./view/ladder.ts";

const choices = byId("choices", HTMLFormElement);
const connectButton = byId("connect", HTMLButtonElement);
const status = byId("status", HTMLElement);
const failure = byId("failure", HTMLElement);
const stage = byId("stage", HTMLElement);
const ladder = byId("ladder", HTMLOListElement);
const progress = byId("steps", HTMLOListElement);
const messageForm = byId("message-form", HTMLFormElement);
const message = byId("message", HTMLInputElement);
const messageTamper = byId("message-tamper", HTMLSelectElement);
const echo = byId("echo", HTMLOutputElement);

/**
 * The delay between rungs, in milliseconds. A handshake takes only a few milliseconds, so without the delay all rungs
 * would appear at once.
 */
const rungDelay = 70;
let nextRung = 0;
let channel: Channel | undefined;

async function connect(): Promise<void> {
  const { suite, group, tamper } = readChoices();
  const story = new Story(suite, group.name);
  const show = (rows: readonly Row[]): void => {
    for (const row of rows) showRow(row, story);
  };
  reset();
  showStatus("busy", "Handshake in progress …");
  const started = performance.now();
  try {
    const current = await openChannel({
      suite,
      group,
      tamper,
      onTrace: (event) => show(story.add(event)),
      onFlip: (flip) => show(story.addFlip(flip)),
      onText: (text) => {
        echo.value += text;
      },
    });
    channel = current;
    const milliseconds = Math.round(performance.now() - started);
    const { session } = current;
    showStatus(
      "open",
      ["Connected", session.suite, session.group, session.signatureScheme, `${milliseconds} ms`]
        .filter(Boolean)
        .join(" · "),
    );
    connectButton.textContent = "Disconnect";
    messageForm.hidden = false;
    await current.closed;
    showStatus("idle", "Closed cleanly: each side sent a close_notify.");
  } catch (error) {
    showStatus("failed", `Failed: ${TlsError.is(error) ? error.code : "see below"}.`);
    failure.replaceChildren(errorCard(error));
    failure.scrollIntoView({ block: "nearest" });
  } finally {
    channel = undefined;
    connectButton.disabled = false;
    connectButton.textContent = "Connect again";
    if (messageForm.contains(document.activeElement)) connectButton.focus({ preventScroll: true });
    messageForm.hidden = true;
  }
}

function reset(): void {
  ladder.replaceChildren();
  ladder.classList.remove("idle");
  failure.replaceChildren();
  echo.value = "";
  messageTamper.value = "";
  connectButton.disabled = true;
  for (const item of progress.children) item.replaceChildren(item.textContent ?? "");
}

function showRow(row: Row, story: Story): void {
  const { element, step } = rung(row, story);
  const now = performance.now();
  nextRung = Math.max(now, nextRung + rungDelay);
  element.style.setProperty("--delay", `${nextRung - now}ms`);
  ladder.append(element);
  if (step !== undefined) linkStep(step, element);
  if (row.kind === "application_data") element.scrollIntoView({ block: "nearest" });
}

/** Turns a step that the handshake has reached into a link to its rung. */
function linkStep(step: number, element: HTMLElement): void {
  const item = progress.children[step - 1];
  if (!item || item.querySelector("a")) return;
  element.id = `step-${step}`;
  item.replaceChildren(h("a", { href: `#${element.id}` }, item.textContent ?? ""));
}

function showStatus(state: "idle" | "busy" | "open" | "failed", text: string): void {
  status.dataset.state = state;
  status.textContent = text;
  if (state === "open") connectButton.disabled = false;
}

choices.addEventListener("submit", (event) => {
  event.preventDefault();
  if (channel)
    channel.close().catch(() => {}); // `closed` rejects too, and connect() shows the error
  else {
    void connect();
    stage.scrollIntoView({ block: "nearest" });
  }
});

messageForm.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!channel || message.value === "") return;
  echo.value = "";
  const tamper = messageTamper.value === "" ? undefined : (messageTamper.value as Target);
  channel.send(message.value, tamper).catch(() => {}); // `closed` rejects with the reason
  message.select();
});

addEventListener("pagehide", () => {
  channel?.close().catch(() => {}); // the user leaves the page, so it cannot show the error
});

const query = new URLSearchParams(location.search);
startChoices(query);
progress.append(...steps.map(({ name }) => h("li", {}, name)));
ladder.append(...preview());
if (query.get("autoconnect") === "1") void connect();
