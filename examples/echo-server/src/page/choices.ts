/**
 * The options that the reader chooses, in the form or in the page's address.
 * @module
 */
import {
  type CipherSuite,
  defaultGroups,
  type KeyExchange,
  legacySuites,
  type NamedCurve,
  type NamedGroup,
  TLS_RSA_WITH_AES_128_CBC_SHA,
  x25519,
} from "@handclasp/core";
import { type Attempt, attempts, messageAttempts } from "./attempts.ts";
import { byId } from "./dom.ts";
import type { Attack } from "./tamper.ts";
import { say, type Text } from "./text.ts";

export interface Choices {
  readonly suite: CipherSuite;
  readonly group: NamedGroup;
  /** Whether the server ignores the improvements of RFC 7627 and RFC 7366. */
  readonly textbook: boolean;
  readonly attempt: Attempt | undefined;
  /** The attack of the attempt, on the chosen byte. */
  readonly attack: Attack | undefined;
}

const form = byId("choices", HTMLFormElement);
const suites = byId("suite", HTMLSelectElement);
const groups = byId("group", HTMLSelectElement);
const attempt = byId("attempt", HTMLSelectElement);
const byteField = byId("byte-field", HTMLElement);
const byte = byId("byte", HTMLInputElement);
const effect = byId("effect", HTMLElement);
const messageAttempt = byId("message-attempt", HTMLSelectElement);
const ways = form.querySelectorAll<HTMLInputElement>("input[name=kx]");

/** Fills the form from the page's address: `?kx=textbook&suite=TLS_…&group=secp256r1&try=server_hello&byte=21`. */
export function startChoices(query: URLSearchParams): void {
  const requested = suiteNamed(query.get("suite") ?? "");
  const way = query.get("kx") === "textbook" ? "textbook" : (requested?.keyExchange.name ?? query.get("kx") ?? "ecdhe");
  for (const radio of ways) {
    radio.checked = radio.value === way;
    radio.addEventListener("change", showSuites);
  }
  groups.append(...defaultGroups.map(({ name }) => new Option(groupTitles[name], name)));
  showSuites();
  select(suites, requested?.name);
  select(groups, query.get("group"));
  attempt.append(...optionsOf(attempts));
  messageAttempt.append(...optionsOf(messageAttempts));
  attempt.addEventListener("change", showAttempt);
  select(attempt, query.get("try"));
  byte.value = query.get("byte") ?? "";
  showAttempt();
}

export function readChoices(): Choices {
  const chosen = attempts[attempt.value];
  const attack = chosen?.attack;
  return {
    suite: suiteNamed(suites.value) ?? (legacySuites[0] as CipherSuite),
    group: defaultGroups.find(({ name }) => name === groups.value) ?? x25519,
    textbook: wayOf() === "textbook",
    attempt: chosen,
    attack: attack?.type === "flip" && byte.value !== "" ? { ...attack, byte: byte.valueAsNumber } : attack,
  };
}

/** The attempt that the reader chose for the next message. */
export const readMessageAttempt = (): Attempt | undefined => messageAttempts[messageAttempt.value];

const wayOf = (): string => Array.from(ways).find(({ checked }) => checked)?.value ?? "ecdhe";

const optionsOf = (all: Readonly<Record<string, Attempt>>): HTMLOptionElement[] =>
  Object.entries(all).map(([name, { title }]) => new Option(say(title), name));

/** Shows the effect of the attempt, and the field for the byte if it is a flip. */
function showAttempt(): void {
  const chosen = attempts[attempt.value];
  effect.textContent = chosen ? say(chosen.text) : "";
  byteField.hidden = chosen?.attack?.type !== "flip";
}

const groupTitles: Record<NamedCurve["name"], string> = {
  x25519: "x25519",
  secp256r1: "secp256r1 (P-256)",
  secp384r1: "secp384r1 (P-384)",
  secp521r1: "secp521r1 (P-521)",
};

/** Fills the list of suites. RSA key exchange has its own suites and no group, and the textbook has only CBC. */
function showSuites(): void {
  const way = wayOf();
  const keyExchange: KeyExchange["name"] = way === "ecdhe" ? "ecdhe" : "rsa";
  const rows = legacySuites.filter((suite) => suite.keyExchange.name === keyExchange);
  const withCbc = rows.filter(({ mac }) => mac);
  const others = way === "textbook" ? [] : rows.filter(({ mac }) => !mac);
  suites.replaceChildren(
    ...optionGroup({ en: "Authenticated encryption", ko: "인증 암호" }, others.map(option)),
    ...optionGroup({ en: "CBC and HMAC, as in textbooks", ko: "교과서처럼 CBC와 HMAC" }, withCbc.map(option)),
  );
  if (way === "textbook") suites.value = TLS_RSA_WITH_AES_128_CBC_SHA.name;
  groups.disabled = way !== "ecdhe";
}

/**
 * An option such as `ECDSA · AES 128 GCM SHA256`: the part of the suite's name that the key exchange does not
 * determine.
 */
function option({ name, keyExchange, authentication }: CipherSuite): HTMLOptionElement {
  const [, protection = name] = name.split("_WITH_");
  const certificate = keyExchange.name === "ecdhe" ? `${authentication.toUpperCase()} · ` : "";
  const element = new Option(certificate + protection.replaceAll("_", " "), name);
  element.title = name;
  return element;
}

function optionGroup(label: Text, content: readonly HTMLOptionElement[]): readonly HTMLOptGroupElement[] {
  if (content.length === 0) return [];
  const group = document.createElement("optgroup");
  group.label = say(label);
  group.append(...content);
  return [group];
}

const suiteNamed = (name: string): CipherSuite | undefined => legacySuites.find((suite) => suite.name === name);

function select(element: HTMLSelectElement, value: string | null | undefined): void {
  if (value && Array.from(element.options).some((option) => option.value === value)) element.value = value;
}
