/**
 * The page's entry: reads the form, opens one connection at a time, and shows the connection on the ladder.
 * @module
 */
import { TlsError } from "@handclasp/core";
import { defineInspector, HandclaspInspector } from "@handclasp/inspector";
import { type Channel, openChannel } from "./channel.ts";
import { readChoices, startChoices } from "./choices.ts";
import { byId } from "./dom.ts";
import type { Target } from "./tamper.ts";

defineInspector();

const choices = byId("choices", HTMLFormElement);
const options = byId("options", HTMLDetailsElement);
const chosen = byId("chosen", HTMLElement);
const connectButton = byId("connect", HTMLButtonElement);
const status = byId("status", HTMLElement);
const inspector = byId("inspector", HandclaspInspector);
const messageForm = byId("message-form", HTMLFormElement);
const message = byId("message", HTMLInputElement);
const messageTamper = byId("message-tamper", HTMLSelectElement);
const echo = byId("echo", HTMLOutputElement);

let channel: Channel | undefined;

async function connect(): Promise<void> {
  const { suite, group, tamper } = readChoices();
  const listener = inspector.begin();
  echo.value = "";
  messageTamper.value = "";
  connectButton.disabled = true;
  chosen.textContent = suite.name;
  collapseOptions();
  showStatus("busy", "Handshake in progress …");
  const started = performance.now();
  try {
    const current = await openChannel({
      suite,
      group,
      tamper,
      listener,
      onText: (text) => {
        echo.value += text;
      },
    });
    channel = current;
    const milliseconds = Math.round(performance.now() - started);
    const { session } = current;
    chosen.textContent = [session.suite, session.group, session.signatureScheme].filter(Boolean).join(" · ");
    showStatus("open", `Connected in ${milliseconds} ms.`);
    connectButton.textContent = "Disconnect";
    messageForm.hidden = false;
    await current.closed;
    showStatus("idle", "Closed cleanly: each side sent a close_notify.");
  } catch (error) {
    showStatus("failed", `Failed: ${TlsError.is(error) ? error.code : "see below"}.`);
    inspector.fail(error instanceof Error ? error : new Error(String(error)));
  } finally {
    channel = undefined;
    connectButton.disabled = false;
    connectButton.textContent = "Connect again";
    if (messageForm.contains(document.activeElement)) connectButton.focus({ preventScroll: true });
    messageForm.hidden = true;
  }
}

/** Where the options are above the ladder, they become one line, so that the reader sees the ladder. */
function collapseOptions(): void {
  if (matchMedia("(min-width: 60rem)").matches) return;
  options.open = false;
  scrollTo({ top: scrollY + options.getBoundingClientRect().top });
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
  else void connect();
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
if (query.get("autoconnect") === "1") void connect();
