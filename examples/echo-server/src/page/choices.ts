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
  x25519,
} from "@handclasp/core";
import { byId } from "./dom.ts";
import type { Target } from "./tamper.ts";

export interface Choices {
  readonly suite: CipherSuite;
  readonly group: NamedGroup;
  readonly tamper: Target | undefined;
}

const form = byId("choices", HTMLFormElement);
const suites = byId("suite", HTMLSelectElement);
const groups = byId("group", HTMLSelectElement);
const tamper = byId("tamper", HTMLSelectElement);

/** Fills the form from the page's address: `?kx=rsa&suite=TLS_…&group=secp256r1&tamper=server_hello`. */
export function startChoices(query: URLSearchParams): void {
  const requested = suiteNamed(query.get("suite") ?? "");
  const keyExchange = requested?.keyExchange.name ?? (query.get("kx") === "rsa" ? "rsa" : "ecdhe");
  for (const radio of form.querySelectorAll<HTMLInputElement>("input[name=kx]")) {
    radio.checked = radio.value === keyExchange;
    radio.addEventListener("change", () => showSuites(radio.value === "rsa" ? "rsa" : "ecdhe"));
  }
  groups.append(...defaultGroups.map(({ name }) => new Option(groupTitles[name], name)));
  showSuites(keyExchange);
  select(suites, requested?.name);
  select(groups, query.get("group"));
  select(tamper, query.get("tamper"));
}

export function readChoices(): Choices {
  return {
    suite: suiteNamed(suites.value) ?? (legacySuites[0] as CipherSuite),
    group: defaultGroups.find(({ name }) => name === groups.value) ?? x25519,
    tamper: tamper.value === "" ? undefined : (tamper.value as Target),
  };
}

const groupTitles: Record<NamedCurve["name"], string> = {
  x25519: "x25519",
  secp256r1: "secp256r1 (P-256)",
  secp384r1: "secp384r1 (P-384)",
  secp521r1: "secp521r1 (P-521)",
};

/** Fills the list of suites. RSA key exchange has its own suites and no group. */
function showSuites(keyExchange: KeyExchange["name"]): void {
  const rows = legacySuites.filter((suite) => suite.keyExchange.name === keyExchange);
  suites.replaceChildren(
    optionGroup("Authenticated encryption", rows.filter(({ mac }) => !mac).map(option)),
    optionGroup("CBC and HMAC, as in textbooks", rows.filter(({ mac }) => mac).map(option)),
  );
  groups.disabled = keyExchange === "rsa";
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

function optionGroup(label: string, options: readonly HTMLOptionElement[]): HTMLOptGroupElement {
  const group = document.createElement("optgroup");
  group.label = label;
  group.append(...options);
  return group;
}

const suiteNamed = (name: string): CipherSuite | undefined => legacySuites.find((suite) => suite.name === name);

function select(element: HTMLSelectElement, value: string | null | undefined): void {
  if (value && Array.from(element.options).some((option) => option.value === value)) element.value = value;
}
