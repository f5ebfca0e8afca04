import type { Contrast } from "../contrast.ts";
import { h } from "../dom.ts";
import type { View } from "./view.ts";

/** Shows the textbook's way next to today's way, and why they differ. */
export const contrastFigure = ({ textbook, today, why }: Contrast, { say }: View): HTMLElement =>
  h(
    "div",
    { class: "contrast", "data-testid": "contrast" },
    h("p", {}, h("strong", {}, say({ en: "The textbook", ko: "교과서" })), say(textbook)),
    h("p", {}, h("strong", {}, say({ en: "Today", ko: "오늘날" })), say(today)),
    h("p", { class: "why" }, h("strong", {}, say({ en: "Why", ko: "까닭" })), say(why)),
  );
