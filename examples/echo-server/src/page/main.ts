/**
 * The page's entry: reads the form, opens one connection at a time, and shows the connection on the ladder.
 * @module
 */
import { keepSessions, TlsError } from "@handclasp/core";
import { defineInspector, HandclaspInspector } from "@handclasp/inspector";
import { type Channel, type ChannelOptions, openChannel } from "./channel.ts";
import { readChoices, readMessageAttempt, startChoices } from "./choices.ts";
import { byId } from "./dom.ts";
import { say } from "./text.ts";

defineInspector();

const choices = byId("choices", HTMLFormElement);
const options = byId("options", HTMLDetailsElement);
const chosen = byId("chosen", HTMLElement);
const connectButton = byId("connect", HTMLButtonElement);
const status = byId("status", HTMLElement);
const inspector = byId("inspector", HandclaspInspector);
const messageForm = byId("message-form", HTMLFormElement);
const message = byId("message", HTMLInputElement);
const messageAttempt = byId("message-attempt", HTMLSelectElement);
const messageEffect = byId("message-effect", HTMLElement);
const echo = byId("echo", HTMLOutputElement);

let channel: Channel | undefined;

async function connect(): Promise<void> {
  const { suite, group, textbook, attempt, attack } = readChoices();
  const listener = inspector.begin();
  echo.value = "";
  messageAttempt.value = "";
  messageEffect.textContent = "";
  connectButton.disabled = true;
  chosen.textContent = suite.name;
  collapseOptions();
  showStatus("busy", say({ en: "Handshake in progress …", ko: "핸드셰이크 중 …" }));
  const started = performance.now();
  try {
    const options: ChannelOptions = {
      suite,
      group,
      path: attempt?.path ?? (textbook ? "textbook" : "channel"),
      ca: attempt?.ca ?? "ca.pem",
      sendsCertificate: attempt?.sendsCertificate ?? false,
      sessions: attempt?.resumes && keepSessions(),
      attack,
      listener,
      onText: (text) => {
        echo.value += text;
      },
    };
    if (attempt?.resumes) await connectBefore(options);
    const current = await openChannel(options);
    channel = current;
    const milliseconds = Math.round(performance.now() - started);
    const { session } = current;
    chosen.textContent = [session.suite, session.group, session.signatureScheme].filter(Boolean).join(" · ");
    showStatus("open", say({ en: `Connected in ${milliseconds} ms.`, ko: `${milliseconds} ms 만에 연결됨.` }));
    connectButton.textContent = say({ en: "Disconnect", ko: "연결 끊기" });
    messageForm.hidden = false;
    await current.closed;
    showStatus(
      "idle",
      say({
        en: "Closed cleanly: each side sent a close_notify.",
        ko: "깨끗하게 닫힘: 양쪽이 close_notify를 보냈습니다.",
      }),
    );
  } catch (error) {
    const code = TlsError.is(error) ? error.code : "error";
    showStatus("failed", say({ en: `Failed: ${code}.`, ko: `실패: ${code}.` }));
    inspector.fail(error instanceof Error ? error : new Error(String(error)));
  } finally {
    channel = undefined;
    connectButton.disabled = false;
    connectButton.textContent = say({ en: "Connect again", ko: "다시 연결" });
    if (messageForm.contains(document.activeElement)) connectButton.focus({ preventScroll: true });
    messageForm.hidden = true;
  }
}

/** Makes the session that the next connection resumes. The inspector does not show this connection. */
async function connectBefore(options: ChannelOptions): Promise<void> {
  const before = await openChannel({ ...options, attack: undefined, listener: () => {}, onText: () => {} });
  await before.close();
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

messageAttempt.addEventListener("change", () => {
  const attempt = readMessageAttempt();
  messageEffect.textContent = attempt ? say(attempt.text) : "";
});

messageForm.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!channel || message.value === "") return;
  echo.value = "";
  channel.send(message.value, readMessageAttempt()?.attack).catch(() => {}); // `closed` rejects with the reason
  message.select();
});

addEventListener("pagehide", () => {
  channel?.close().catch(() => {}); // the user leaves the page, so it cannot show the error
});

const query = new URLSearchParams(location.search);
startChoices(query);
if (query.get("autoconnect") === "1") void connect();
