/** The parts of the page that show the room. */
import type { Update } from "./worker/protocol.ts";

export const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;

export function show({ state, error = "", pages, lines }: Update): void {
  element("state").textContent = state;
  element("error").textContent = error;
  element("pages").textContent = `${pages}`;
  // While the connection is lost, the socket keeps the messages and sends them later.
  const canSend = state === "open" || state === "interrupted";
  for (const id of ["say", "cut"]) (element(id) as HTMLButtonElement).disabled = !canSend;
  element("lines").append(...lines.map(item));
}

function item({ text }: { text: string }): HTMLElement {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}
