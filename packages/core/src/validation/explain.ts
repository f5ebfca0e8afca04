/**
 * Full errors about options: the value that came, the value that is expected, and the remedy. An error repeats numbers,
 * booleans, the names of TLS's suites, groups and schemes, and addresses without user, password and query. It repeats
 * no other value, because that may be a secret in the wrong place. This file imports no code of a page's first load,
 * because a bundler would then split the first load into several files.
 * @module
 */
import { explainAddress } from "./address.ts";
import { explainContents } from "./contents.ts";
import { type Finding, kindOf } from "./finding.ts";
import type { OptionFault } from "./options.ts";
import { adviceOf } from "./refusals.ts";
import { clientOnlyOptions, expectedValues, foreignOptionRemedies, remedies, serverOnlyOptions } from "./words.ts";

export { adviceOf };

/** The message and the advice of the full error; `undefined` if there is nothing to add to `message`. */
export function explain({ option, value, expected, known }: OptionFault, message: string): Finding | undefined {
  if (option === undefined) return [message, remedies.find(([pattern]) => pattern.test(message))?.[1] ?? ""];
  if (known) return [`unknown option ${option}`, remedyOf(option, known)];
  if (option === "the address" || option === "the transport") {
    const [what, advice] = explainAddress(option, value, expected ?? "");
    return [`${option}: ${what}`, advice];
  }
  const finding = wrongValue(option, value, expected);
  if (finding) return [`${option}: ${finding[0]}`, finding[1]];
  const advice = option === "ca" || option === "cert" ? adviceOf("weak_key", message) : undefined;
  return advice === undefined ? undefined : [message, advice];
}

function remedyOf(option: string, known: readonly string[]): string {
  const name = option.replace(/^.*\./, "");
  if (/^\d+$/.test(name)) return "options are an object, not a list or a text";
  const typo = nearest(name, known, 1);
  if (typo) return didYouMean(typo);
  const other = known.includes("sessionScope")
    ? serverOnlyOptions
    : known.includes("clientAuth")
      ? clientOnlyOptions
      : {};
  if (Object.hasOwn(other, name))
    return `it is an option of a ${other === serverOnlyOptions ? "server" : "client"}: ${other[name]}`;
  // Looks up the full path, because an option inside another one differs from the option of the same name at the top.
  const lower = option.toLowerCase();
  if (Object.hasOwn(foreignOptionRemedies, lower)) return foreignOptionRemedies[lower] as string;
  const guess = name.length < 6 ? undefined : nearest(name, known, 2);
  return guess ? didYouMean(guess) : `known are ${known.join(", ")}`;
}

const didYouMean = (option: string): string =>
  `did you mean ${option}? It takes ${expectedValues[option] ?? "something else"}`;

function wrongValue(option: string, value: unknown, expected: string | undefined): Finding | undefined {
  const name = Object.hasOwn(expectedValues, option) ? option : option.replace(/^.*\./, "");
  const text = expectedValues[name] ?? expected;
  if (isPromise(value)) return ["a Promise", `put await before it: ${name}: await …`];
  if (value === null) return ["null", `leave it out, or give ${text}`];
  const finding = explainContents(name, value) ?? explainRows(name, value) ?? explainShape(name, value);
  if (finding || expected === undefined) return finding;
  return [value === undefined ? "missing" : describe(value), `give ${text}`];
}

const isPromise = (value: unknown): boolean =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";

const describe = (value: unknown): string =>
  typeof value === "number" || typeof value === "boolean" ? String(value) : value === "" ? "empty" : kindOf(value);

/**
 * Explains suites, groups and schemes that the caller gave by name. The error repeats a text only if it looks like such
 * a name, because it is then no secret.
 */
function explainRows(option: string, value: unknown): Finding | undefined {
  if (!["suites", "groups", "signatureSchemes", "equalSuites"].includes(option)) return undefined;
  const text = (Array.isArray(value) ? value : [value]).flat().find((row) => typeof row === "string");
  if (text === undefined) return undefined;
  const name = /^(TLS_[A-Z0-9_]+|x25519|secp\w+|ffdhe\d+|(ecdsa|rsa)_\w+|ed25519)$/.test(text) ? text : undefined;
  const what = name && name.length < 64 ? `the text ${name}` : "a text";
  if (/^TLS_(AES|CHACHA20)_/.test(text)) return [what, "that is a suite of TLS 1.3: leave the option out"];
  const row = name ?? { groups: "x25519", signatureSchemes: "ed25519" }[option] ?? "TLS_…";
  return [
    what,
    `give the row, not its name: import { ${row} } from your Handclasp package and use ${option}: [${row}]`,
  ];
}

/** Explains other common mistakes, which the type or the properties of the value show. */
function explainShape(option: string, value: unknown): Finding | undefined {
  const has = (property: string): boolean => typeof value === "object" && value !== null && property in value;
  if (option === "credentials") {
    const first = Array.isArray(value) ? value[0] : value;
    if (isPromise(first))
      return ["a Promise", "put await before it: credentials: await browserCredential({ cert, key })"];
    if (typeof first === "object" && first !== null && ("cert" in first || "key" in first))
      return [
        "certificate and key as they are",
        "make a credential of them: credentials: nodeCredential({ cert, key }), " +
          "in a page await browserCredential({ cert, key })",
      ];
  }
  if (option === "serverName" && typeof value === "string") return ["not a name", expectedValues.serverName ?? ""];
  if (option === "alpn" && Array.isArray(value))
    return ["wrong protocols", "give at most 255 texts, of 1 to 255 ASCII characters each"];
  if (option === "options" && typeof value === "function")
    return ["a function", "the options come first: createServer({ credentials }, handler)"];
  if (option === "options" && value === undefined) return ["missing", "give an object: nodeCredential({ cert, key })"];
  if (option === "signal" && has("signal")) return ["an AbortController", "give its signal: controller.signal"];
  if (option === "psk" && (typeof value === "string" || value instanceof Uint8Array))
    return ["a key without an identity", expectedValues.psk ?? ""];
  if (option === "psk.key" && typeof value === "string")
    return ["a text", "give bytes: fromHex, TextEncoder or Buffer.from(text, encoding)"];
  return undefined;
}

/** The known option that differs least from `name`, by at most `limit` letters. */
function nearest(name: string, known: readonly string[], limit: number): string | undefined {
  const [best] = known
    .map((option) => ({ option, letters: distance(name.toLowerCase(), option.toLowerCase()) }))
    .filter(({ letters }) => letters <= limit)
    .sort((a, b) => a.letters - b.letters);
  return best?.option;
}

/** The edit distance: the number of letters to insert, delete, replace or swap with the next letter. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
