/**
 * Saves the connection that is shown, and loads a recorded one.
 * @module
 */
import { h } from "../dom.ts";
import { recordingToPcapng } from "../pcapng.ts";
import { type Recording, recordingFromJson, recordingToJson } from "../recording.ts";
import type { Say } from "../text.ts";

export interface Recorder {
  readonly recording: Recording;
  load(recording: Recording): void;
}

export function tools(recorder: Recorder, say: Say): HTMLElement {
  const failure = h("p", { class: "refused", role: "alert" });
  const button = (text: string, name: string, content: () => BlobPart): HTMLElement => {
    const element = h("button", { type: "button", "data-testid": `save-${name}` }, text);
    element.addEventListener("click", () => save(`handshake.${name}`, content()));
    return element;
  };
  const file = h("input", { type: "file", accept: ".json,application/json", "data-testid": "load" });
  file.addEventListener("change", () => {
    failure.textContent = "";
    file.files?.[0]
      ?.text()
      .then((text) => recorder.load(recordingFromJson(text)))
      .catch((error: unknown) => {
        failure.textContent = error instanceof Error ? error.message : String(error);
      });
  });
  return h(
    "details",
    { class: "tools aside" },
    h("summary", {}, say({ en: "Save or load a recording", ko: "기록을 저장하거나 불러오기" })),
    h(
      "p",
      {},
      say({
        en:
          "The files contain everything that the ladder shows. With the secrets, anyone who has a " +
          "file can decrypt the " +
          "connection.",
        ko: "파일에는 사다리가 보여 주는 모든 것이 들어 있습니다. 비밀이 있으면 파일을 가진 누구나 연결을 복호화할 수 있습니다.",
      }),
    ),
    h(
      "div",
      { class: "buttons" },
      button(say({ en: "Save for Wireshark (pcapng)", ko: "Wireshark용으로 저장 (pcapng)" }), "pcapng", () =>
        recordingToPcapng(recorder.recording),
      ),
      button(say({ en: "Save as JSON", ko: "JSON으로 저장" }), "json", () => recordingToJson(recorder.recording)),
      h("label", {}, say({ en: "Load JSON: ", ko: "JSON 불러오기: " }), file),
    ),
    failure,
  );
}

function save(name: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content]));
  const link = h("a", { href: url, download: name });
  link.click();
  // The browser has taken the content by the next task at the latest, but Firefox needs the URL until then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
