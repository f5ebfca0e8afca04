import type { Command } from "../commands.ts";
import { h } from "../dom.ts";
import { hex } from "../hex.ts";
import type { View } from "./view.ts";

/** Shows the commands with which the reader repeats a calculation. */
export function commandsFigure(commands: readonly Command[], { say }: View): HTMLElement | undefined {
  if (commands.length === 0) return undefined;
  return h(
    "details",
    { class: "aside" },
    h("summary", {}, say({ en: "Do it yourself", ko: "직접 해 보기" })),
    h(
      "p",
      {},
      say({
        en: "Paste a command into a shell. It prints the value above, from the numbers of this connection.",
        ko: "명령을 셸에 붙여 넣으세요. 이 연결의 숫자로 위의 값을 출력합니다.",
      }),
    ),
    ...commands.flatMap(({ title, tool, command, result }) => [
      h("h4", {}, say(title), h("span", { class: "quiet" }, ` ${tool}`)),
      h("pre", { "data-testid": `command-${tool}` }, h("code", {}, command)),
      h("p", { class: "quiet" }, say({ en: "It prints ", ko: "출력: " }), h("code", { class: "hex" }, hex(result))),
    ]),
  );
}
