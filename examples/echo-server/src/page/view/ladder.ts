/**
 * The ladder diagram: one rung for each message, secret or flip between client and server.
 * @module
 */
import type { Direction } from "@handclasp/core";
import { type Child, h } from "../dom.ts";
import { count, hex, hexByte } from "../hex.ts";
import { applicationData, changeCipherSpec, gistOf, lessonOf, messageTitle, steps, thenData } from "../lesson.ts";
import type { RecordEvent, Row, Story } from "../story.ts";
import type { Target } from "../tamper.ts";
import { markedHex, recordFigure } from "./bytes.ts";
import { derivation } from "./derivation.ts";
import { showFields } from "./fields.ts";

/** Shows the textbook's handshake, for the time before the first connection. */
export const preview = (): HTMLElement[] =>
  [...steps, thenData].map(({ name, direction, text }, i) =>
    h(
      "li",
      { class: `rung preview ${direction}` },
      h("p", { class: "head" }, i < steps.length && badge(i + 1), h("strong", {}, name)),
      h("p", { class: "gist" }, text),
      direction === "both" ? undefined : arrow(),
    ),
  );

export interface Rung {
  readonly element: HTMLElement;
  /** The textbook's step that this rung completes. */
  readonly step?: number;
}

export function rung(row: Row, story: Story): Rung {
  switch (row.kind) {
    case "handshake": {
      const { step, text } = lessonOf(row.name, story.suite.keyExchange.name);
      const title = messageTitle(row.name);
      const detail = (): Child[] => [
        h("p", {}, text),
        row.name === "finished" && verifyData(row.direction, story),
        h("h3", {}, "Decoded"),
        showFields(row.body, story.knownValues),
        ...row.findRecords().map((record) => recordFigure(record, story, row.bytes)),
      ];
      const { isEncrypted, bytes } = row;
      return arrowRung({
        row,
        name: row.name,
        title,
        step,
        gist: handshakeGist(row, story),
        size: bytes.length,
        isEncrypted,
        detail,
      });
    }
    case "change_cipher_spec":
      return arrowRung({
        row,
        name: "change_cipher_spec",
        title: "ChangeCipherSpec",
        gist: ["From my next record on, everything is encrypted."],
        size: 1,
        detail: () => [h("p", {}, changeCipherSpec), ...row.findRecords().map((record) => recordFigure(record, story))],
      });
    case "alert": {
      const { level, description } = row.alert;
      return arrowRung({
        row,
        name: "alert",
        title: `Alert: ${description}`,
        look: description === "close_notify" ? undefined : "alarm",
        gist: [
          description === "close_notify"
            ? "I close the connection cleanly: no data is missing."
            : `${level}: the connection ends.`,
        ],
        size: 2,
        isEncrypted: row.isEncrypted,
        detail: () => row.findRecords().map((record) => recordFigure(record, story)),
      });
    }
    case "application_data":
      return dataRung(row, story);
    case "secret":
    case "keys":
      return derivedRung(row, story);
    case "flip":
      return flipRung(row);
  }
}

interface ArrowRung {
  readonly row: Extract<Row, { direction: Direction }>;
  /** The message's name in the RFC's spelling. */
  readonly name: string;
  readonly title: string;
  readonly step?: number | undefined;
  readonly look?: string | undefined;
  readonly gist: readonly Child[];
  readonly size: number;
  readonly isEncrypted?: boolean;
  /** Makes the content of the details. It is called when the reader first opens them. */
  readonly detail: () => readonly Child[];
}

function arrowRung({ row, name, title, step, look, gist, size, isEncrypted, detail }: ArrowRung): Rung {
  const details = h(
    "details",
    {},
    h(
      "summary",
      {},
      h(
        "span",
        { class: "head" },
        badge(step),
        h("strong", {}, title),
        h("span", { class: "unseen" }, row.direction === "sent" ? "from client to server" : "from server to client"),
        isEncrypted && lock(),
        h("span", { class: "size" }, count(size)),
      ),
      h("span", { class: "gist" }, ...gist),
      arrow(),
    ),
  );
  details.addEventListener("toggle", () => details.append(h("div", { class: "inside" }, ...detail())), { once: true });
  const classes = ["rung", row.direction, look].filter(Boolean).join(" ");
  const element = h("li", { class: classes, "data-testid": name, "data-direction": row.direction }, details);
  return step === undefined ? { element } : { element, step };
}

/**
 * Returns the gist of a message. The gist of ClientHello and ServerHello shows the random value, and in ServerHello the
 * chosen suite.
 */
function handshakeGist({ name, body }: Extract<Row, { kind: "handshake" }>, story: Story): Child[] {
  const random = typeof body === "object" && body !== null && "random" in body ? body.random : undefined;
  if (!(random instanceof Uint8Array)) return [gistOf(name, story.suite.keyExchange.name)];
  const randomName = name === "client_hello" ? "client random" : "server random";
  const content = [`${randomName} `, markedHex(random, [{ name: randomName, bytes: random }])];
  return name === "client_hello"
    ? content
    : ["cipher suite ", h("span", { class: "chosen" }, story.suite.name), ...content];
}

function verifyData(direction: Direction, story: Story): HTMLElement {
  const label = direction === "sent" ? "client finished" : "server finished";
  const hash = story.suite.prf === "sha384" ? "SHA-384" : "SHA-256";
  return h(
    "p",
    { class: "formula" },
    "verify_data = PRF(",
    h("mark", { "data-value": "master secret" }, "master secret"),
    `, “${label}”, ${hash}(all handshake messages so far))`,
  );
}

/** Shows plaintext and ciphertext next to each other without a click, so that readers compare them. */
function dataRung(
  { direction, record }: { readonly direction: Direction; readonly record: RecordEvent },
  story: Story,
): Rung {
  const side = direction === "sent" ? "You typed" : "The echo";
  const element = h(
    "li",
    { class: `rung data ${direction}`, "data-testid": "application_data", "data-direction": direction },
    h(
      "p",
      { class: "head" },
      h("strong", {}, "Application data"),
      lock(),
      h("span", { class: "size" }, count(record.fragment.length + 5)),
    ),
    h("div", { class: "pair" }, plaintext(side, record), ciphertext(record)),
    arrow(),
    h(
      "details",
      { class: "aside" },
      h("summary", {}, "The whole record"),
      h("p", {}, applicationData),
      recordFigure(record, story),
    ),
  );
  return { element };
}

function plaintext(side: string, { plaintext }: RecordEvent): HTMLElement {
  if (!plaintext) return h("p", {}, h("small", {}, "Plaintext"), "none: decryption failed");
  return h(
    "p",
    {},
    h("small", {}, side),
    h("q", { "data-testid": "plaintext" }, new TextDecoder().decode(plaintext.subarray(0, 400))),
  );
}

function ciphertext({ header, fragment }: RecordEvent): HTMLElement {
  const excerpt = fragment.subarray(0, 27);
  return h(
    "p",
    {},
    h("small", {}, "Sent on the wire"),
    h(
      "code",
      { class: "hex", "data-testid": "ciphertext" },
      `${hex(header)} ${hex(excerpt)}${excerpt.length < fragment.length ? " …" : ""}`,
    ),
  );
}

function derivedRung(row: Extract<Row, { kind: "secret" | "keys" }>, story: Story): Rung {
  const isPremaster = row.kind === "secret" && row.secret.name === "premaster_secret";
  const name = row.kind === "keys" ? "session_keys" : row.secret.name;
  const titles: Readonly<Record<string, string>> = {
    premaster_secret: "The premaster secret",
    master_secret: "The master secret",
    session_keys: "The session keys",
  };
  const step = isPremaster ? 5 : row.kind === "secret" ? 6 : 7;
  const isClientOnly = isPremaster && story.suite.keyExchange.name === "rsa";
  const card = h("div", { class: "card" });
  // The trace reports the keys right after the key block, so the card waits for them.
  queueMicrotask(() =>
    card.append(
      h(
        "p",
        { class: "head" },
        badge(step),
        h("strong", {}, titles[name] ?? name),
        h("span", { class: "size" }, isClientOnly ? "made by the client" : "computed by each side"),
      ),
      ...derivation(row, story),
    ),
  );
  return { element: h("li", { class: "rung derived", "data-testid": name }, card), step };
}

const targetTitles: Readonly<Record<Target, string>> = {
  server_hello: "ServerHello",
  client_key_exchange: "ClientKeyExchange",
  message: "the message",
  echo: "the echo",
};

function flipRung({ flip }: Extract<Row, { kind: "flip" }>): Rung {
  const from = Math.max(0, flip.offset - 4);
  const element = h(
    "li",
    { class: "rung flip", "data-testid": "flip" },
    h(
      "div",
      { class: "card" },
      h(
        "p",
        { class: "head" },
        h("strong", {}, `Someone on the path flips one bit of ${targetTitles[flip.target]}`),
        h("span", { class: "size" }, `byte ${flip.offset + 1} of ${flip.record.length}`),
      ),
      h(
        "p",
        {},
        h(
          "code",
          { class: "hex" },
          `… ${hex(flip.record.subarray(from, flip.offset))} `,
          h("del", {}, hexByte(flip.before)),
          " ",
          h("ins", {}, hexByte(flip.after)),
          ` ${hex(flip.record.subarray(flip.offset + 1, flip.offset + 5))}`,
        ),
      ),
    ),
  );
  return { element };
}

const badge = (step: number | undefined): Child =>
  step !== undefined &&
  h(
    "span",
    { class: "badge", title: `step ${step} of the textbook’s handshake` },
    h("span", { class: "unseen" }, "Step "),
    String(step),
  );
const lock = (): HTMLElement => h("span", { class: "lock" }, "encrypted");
const arrow = (): HTMLElement => h("span", { class: "arrow", "aria-hidden": "true" });
