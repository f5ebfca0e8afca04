/**
 * What is wrong with the address that a client is to connect to.
 * @module
 */
import { type Finding, kindOf } from "./finding.ts";

/** @param wanted the addresses that the host knows; `"tcp:"` is among them in Node.js alone, and none where a transport is wanted */
export function explainAddress(option: string, value: unknown, wanted: string): Finding {
  const expected =
    option === "the transport" ? "a transport, such as webSocketTransport(socket) or tcpTransport(socket)" : wanted;
  const hasTcp = expected.includes("tcp:");
  if (typeof value === "string" || isUrl(value)) {
    const text = (typeof value === "string" ? value : String(value.href)).trim();
    if (!expected.includes("ws:"))
      return ["a text", `${expected}; connect of @handclasp/node and of @handclasp/browser takes addresses`];
    // Nobody writes an address in several lines: it is a key, or a file, in the wrong place.
    if (/\n|---/.test(text)) return ["several lines", expected];
    return [text === "" ? "empty" : `"${withoutSecrets(text)}"`, remedy(text, hasTcp) ?? expected];
  }
  const has = (property: string): boolean =>
    typeof value === "object" && value !== null && typeof (value as Record<string, unknown>)[property] === "function";
  if (has("then")) return ["a Promise", "put await before it"];
  if (has("send") && !has("start")) return ["a WebSocket", "make a transport of it: webSocketTransport(socket)"];
  if (has("write")) return ["a socket", "make a transport of it: tcpTransport(socket)"];
  if (option === "the transport") return [kindOf(value), expected];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return [
    isObject ? "an object" : value === undefined ? "missing" : kindOf(value),
    `the address comes first, and the options behind it: connect("${hasTcp ? "tcp://host:port" : "wss://host/path"}", { ca })`,
  ];
}

const isUrl = (value: unknown): value is { readonly href: unknown } =>
  typeof value === "object" && value !== null && "href" in value && "protocol" in value;

function remedy(text: string, hasTcp: boolean): string | undefined {
  const rest = withoutSecrets(text.replace(/^[a-z][a-z0-9+.-]*:(\/\/)?/i, "")) || "host";
  const both = (place: string): string => `say ws://${place}${hasTcp ? ` or tcp://${place}` : ""}`;
  if (/^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d+)?(\/|$)/i.test(text)) return both(withoutSecrets(text));
  if (/^https:/i.test(text)) return `say wss://${rest}`;
  if (/^http:/i.test(text)) return `say ws://${rest}`;
  if (/^(tcp|tls|ssl):/i.test(text))
    return hasTcp
      ? `say tcp://${/:\d+$/.test(rest) ? rest : "host:port"}, with a port`
      : "say ws: or wss:. A page has no TCP: a relay, or the server itself, has to take WebSockets; in Node.js, connect takes tcp:";
  return undefined;
}

/** Without a password, which may have any character in it, and without what is behind the path. */
const withoutSecrets = (text: string): string =>
  text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@?#:]*(:(?!\d{1,5}[/?#]).*)?@/is, "$1")
    .replace(/[?#].*$/s, "")
    .slice(0, 200);
