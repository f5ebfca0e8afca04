/**
 * The ladder diagram: one rung for each message, secret or event on the path, between the client and the server.
 * @module
 */
import { describe } from "@handclasp/core/describe";
import { commandsFor } from "../commands.ts";
import { type Contrast, contrasts } from "../contrast.ts";
import { type Child, h } from "../dom.ts";
import { count } from "../hex.ts";
import {
  applicationData,
  changeCipherSpec,
  lessonOf,
  messageTitle,
  notResumedNote,
  resumedNote,
  steps,
  thenData,
} from "../lesson.ts";
import { type End, fieldOf, type Row } from "../story.ts";
import type { Text } from "../text.ts";
import { markedHex, recordFigure } from "./bytes.ts";
import { chainFigure } from "./chain.ts";
import { commandsFigure } from "./commands.ts";
import { contrastFigure } from "./contrast.ts";
import { dataGist } from "./data.ts";
import { derivation, formula, formulaOf, prfHash, term } from "./derivation.ts";
import { errorCard } from "./errorCard.ts";
import { showFields } from "./fields.ts";
import { labelledBytes } from "./labelledBytes.ts";
import { noteCard, pathCard, pathTitle } from "./pathCard.ts";
import { protectionFigure } from "./protection.ts";
import type { View } from "./view.ts";

/** Shows the textbook's handshake, for the time before the first connection. */
export const preview = ({ say }: Pick<View, "say">): HTMLElement[] => [
  ...steps.map(({ name, from, text }, i) =>
    h(
      "li",
      { class: `rung preview ${from}` },
      h("p", { class: "head" }, badge(i + 1, say), h("strong", {}, name)),
      h("p", { class: "gist" }, say(text)),
      from === "both" ? undefined : arrow(),
    ),
  ),
  h(
    "li",
    { class: "rung preview both" },
    h("p", { class: "head" }, h("strong", {}, say(thenData.name))),
    h("p", { class: "gist" }, say(thenData.text)),
  ),
];

export interface Rung {
  readonly element: HTMLElement;
  readonly title: string;
  /** The textbook's step that this rung completes. */
  readonly step?: number | undefined;
  /** The element that gets the focus when the reader walks to this rung. */
  readonly target: HTMLElement;
  /** Shows or hides the details, if the rung has any. */
  open(isOpen: boolean): void;
}

export function rung(row: Row, view: View): Rung {
  const { story, say } = view;
  switch (row.kind) {
    case "handshake": {
      const { step, text } = lessonOf(row.name, story.suite?.keyExchange.name);
      return detailsRung({
        view,
        name: row.name,
        title: messageTitle(row.name),
        step,
        from: row.from,
        gist: handshakeGist(row, view),
        size: say(count(row.bytes.length)),
        isEncrypted: row.isEncrypted,
        detail: () => [
          h("p", {}, say(text)),
          row.name === "finished" && verifyData(row.from, view),
          row.name === "client_key_exchange" && contrastFigure(contrasts.keyExchange, view),
          h("h4", {}, say({ en: "Decoded", ko: "해석" })),
          row.name === "certificate" ? chainFigure(story.certificatesOf(row.from), view) : showFields(row.body, view),
          labelledBytes(row.bytes, view),
          ...row
            .findRecords()
            .flatMap((record) => [recordFigure(record, view, row.bytes), protectionFigure(record, view)]),
          commandsFigure(commandsFor(row, story), view),
        ],
      });
    }
    case "change_cipher_spec":
      return detailsRung({
        view,
        name: "change_cipher_spec",
        title: "ChangeCipherSpec",
        from: row.from,
        gist: [say(changeCipherSpec.gist)],
        size: say(count(1)),
        detail: () => [
          h("p", {}, say(changeCipherSpec.text)),
          ...row.findRecords().map((record) => recordFigure(record, view)),
        ],
      });
    case "alert": {
      const { level, description } = row.alert;
      const isClean = description === "close_notify";
      return detailsRung({
        view,
        name: "alert",
        title: `Alert: ${description}`,
        look: isClean ? undefined : "alarm",
        from: row.from,
        gist: [
          say(
            isClean
              ? {
                  en: "I close the connection cleanly: no data is missing.",
                  ko: "연결을 깨끗하게 닫습니다. 빠진 데이터가 없습니다.",
                }
              : { en: `${level}: the connection ends.`, ko: `${level}: 연결이 끝납니다.` },
          ),
        ],
        size: say(count(2)),
        isEncrypted: row.isEncrypted,
        detail: () => row.findRecords().map((record) => recordFigure(record, view)),
      });
    }
    case "application_data":
      return detailsRung({
        view,
        name: "application_data",
        title: say({ en: "Application data", ko: "애플리케이션 데이터" }),
        from: row.from,
        look: "data",
        gist: [dataGist(row.record, view)],
        size: say(count(row.record.fragment.length + 5)),
        isEncrypted: true,
        detail: () => [
          h("p", {}, say(applicationData)),
          protectionFigure(row.record, view),
          recordFigure(row.record, view),
        ],
      });
    case "secret":
    case "keys":
      return derivedRung(row, view);
    case "path": {
      const { event } = row;
      return cardRung(event.type, say(pathTitle(event)), pathCard(event, view));
    }
    case "resumption": {
      const { title, text } = row.event.resumed ? resumedNote : notResumedNote(row.event.reason);
      return cardRung("resumption", say(title), noteCard(say(title), say(text)));
    }
    case "failure":
      return cardRung("failed", say({ en: "The failure", ko: "실패" }), errorCard(row.error, view));
  }
}

interface DetailsRung {
  readonly view: View;
  /** The message's name in the RFC's spelling. */
  readonly name: string;
  readonly title: string;
  readonly step?: number | undefined;
  readonly look?: string | undefined;
  /** The sender. Absent for a value that both sides compute. */
  readonly from?: End;
  readonly gist: readonly Child[];
  readonly size: string;
  readonly isEncrypted?: boolean;
  /** Makes the content of the details. It is called when the reader first opens them. */
  readonly detail: () => readonly Child[];
}

const directions: Readonly<Record<End, Text>> = {
  client: { en: "from client to server", ko: "클라이언트에서 서버로" },
  server: { en: "from server to client", ko: "서버에서 클라이언트로" },
};

function detailsRung({ view, name, title, step, look, from, gist, size, isEncrypted, detail }: DetailsRung): Rung {
  const { say } = view;
  const summary = h(
    "summary",
    {},
    h(
      "span",
      { class: "head" },
      step !== undefined && badge(step, say),
      h("h3", {}, title),
      from && h("span", { class: "unseen" }, say(directions[from])),
      isEncrypted && h("span", { class: "lock" }, say({ en: "encrypted", ko: "암호화됨" })),
      h("span", { class: "size" }, size),
    ),
    h("span", { class: "gist" }, ...gist),
    from && arrow(),
  );
  const details = h("details", {}, summary);
  let isFilled = false;
  const fill = (): void => {
    if (!isFilled) details.append(h("div", { class: "inside" }, ...detail()));
    isFilled = true;
  };
  details.addEventListener("toggle", fill, { once: true });
  const classes = ["rung", from ?? "derived", look].filter(Boolean).join(" ");
  const element = h("li", { class: classes, "data-testid": name, "data-from": from }, details);
  return {
    element,
    title,
    step,
    target: summary,
    open(isOpen) {
      if (isOpen) fill();
      details.open = isOpen;
    },
  };
}

function cardRung(name: string, title: string, card: HTMLElement): Rung {
  const element = h("li", { class: `rung ${name}`, "data-testid": name, tabindex: "-1" }, card);
  return { element, title, target: element, open: () => {} };
}

/**
 * Returns the gist of a message. The gist of ClientHello and ServerHello shows the random value, and in ServerHello the
 * chosen suite.
 */
function handshakeGist({ name, body }: Extract<Row, { kind: "handshake" }>, { story, say }: View): Child[] {
  const random = fieldOf(body, "random");
  if (!(random instanceof Uint8Array)) return [say(lessonOf(name, story.suite?.keyExchange.name).gist)];
  const randomName = name === "client_hello" ? "client random" : "server random";
  const content = [`${randomName} `, markedHex(random, [{ name: randomName, bytes: random }])];
  const suite = fieldOf(describe(body), "cipherSuite");
  return typeof suite === "string"
    ? ["cipher suite ", h("span", { class: "chosen" }, suite.replace(/ .*/, "")), ...content]
    : content;
}

function verifyData(from: End, view: View): HTMLElement {
  const messages = view.say({ en: "all handshake messages so far", ko: "지금까지의 모든 핸드셰이크 메시지" });
  return formula(
    "verify_data = PRF(",
    term("master secret"),
    `, “${from} finished”, ${prfHash(view)}(${messages}))[0 … 11]`,
  );
}

function derivedRung(row: Extract<Row, { kind: "secret" | "keys" }>, view: View): Rung {
  const { story, say } = view;
  const isPremaster = row.kind === "secret" && row.secret.name === "premaster_secret";
  const name = row.kind === "keys" ? "session_keys" : row.secret.name;
  const titles: Readonly<Record<string, Text>> = {
    premaster_secret: { en: "The premaster secret", ko: "프리마스터 비밀(premaster secret)" },
    master_secret: { en: "The master secret", ko: "마스터 비밀(master secret)" },
    session_keys: { en: "The session keys", ko: "세션 키" },
  };
  const isClientOnly = isPremaster && story.suite?.keyExchange.name === "rsa";
  return detailsRung({
    view,
    name,
    title: say(titles[name] ?? { en: name, ko: name }),
    step: isPremaster ? undefined : row.kind === "secret" ? 6 : 7,
    gist: [h("span", { class: "formula" }, ...formulaOf(row, view))],
    size: say(
      isClientOnly
        ? { en: "made by the client", ko: "클라이언트가 만듦" }
        : { en: "computed by each side", ko: "양쪽이 각자 계산" },
    ),
    detail: () => [
      ...derivation(row, view),
      ...contrastOf(row).map((contrast) => contrastFigure(contrast, view)),
      commandsFigure(commandsFor(row, story), view),
    ],
  });
}

const contrastOf = (row: Extract<Row, { kind: "secret" | "keys" }>): readonly Contrast[] => {
  if (row.kind === "keys") return [contrasts.keyBlock];
  return row.secret.name === "master_secret" ? [contrasts.masterSecret] : [];
};

const badge = (step: number, say: View["say"]): HTMLElement =>
  h(
    "span",
    {
      class: "badge",
      title: say({ en: `step ${step} of the textbook’s handshake`, ko: `교과서 핸드셰이크의 ${step}단계` }),
    },
    h("span", { class: "unseen" }, say({ en: "Step ", ko: "단계 " })),
    String(step),
  );
const arrow = (): HTMLElement => h("span", { class: "arrow", "aria-hidden": "true" });
