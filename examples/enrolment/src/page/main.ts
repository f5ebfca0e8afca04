/** Connects the buttons of the page with `device.ts`. */
import { enrol, open, renew, revoke } from "./device.ts";

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
const fieldOf = (id: string): string => (element(id) as HTMLInputElement).value;

/** Asks the server who this browser is, and returns its answer. */
async function greet(): Promise<string> {
  const channel = await open("greeting");
  const answer = await new Response(channel.readable).text();
  await channel.close();
  return answer;
}

/** Runs an action, then asks again, and shows the answer or the error. */
async function show(act: () => Promise<void>): Promise<void> {
  element("answer").textContent = "…";
  const answer = await act()
    .then(greet)
    .catch((error: unknown) => String(error));
  element("answer").textContent = answer;
}

const actions = {
  enrol: () => enrol(fieldOf("name"), fieldOf("proof")),
  greet: async () => {},
  renew,
  revoke,
};
for (const [id, act] of Object.entries(actions)) element(id).addEventListener("click", () => void show(act));
await show(actions.greet);
