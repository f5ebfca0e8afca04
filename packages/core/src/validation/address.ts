/**
 * Explains what is wrong with the address of a client, or with the transport of a client or server.
 * @module
 */
import { type Finding, kindOf } from "./finding.ts";

/**
 * @param addresses the addresses that the function accepts, such as `"ws://… or wss://…"`; with `tcp:` only in Node.js
 */
export function explainAddress(option: string, value: unknown, addresses: string): Finding {
  const expected =
    option === "the transport" ? "a transport, such as webSocketTransport(socket) or tcpTransport(socket)" : addresses;
  const hasTcp = expected.includes("tcp:");
  if (typeof value === "string" || isUrl(value)) {
    const text = (typeof value === "string" ? value : String(value.href)).trim();
    if (!expected.includes("ws:"))
      return ["a text", `${expected}; connect of @handclasp/node and of @handclasp/browser takes addresses`];
    // An address has one line and no `---`, so this is a key or the contents of a file in the wrong place.
    if (/\n|---/.test(text)) return ["several lines", expected];
    return [text === "" ? "empty" : `"${withoutSecrets(text)}"`, remedy(text, hasTcp) ?? expected];
  }
  const hasMethod = (name: string): boolean =>
    typeof value === "object" && value !== null && typeof (value as Record<string, unknown>)[name] === "function";
  if (hasMethod("then")) return ["a Promise", "put await before it"];
  if (hasMethod("send") && !hasMethod("start"))
    return ["a WebSocket", "make a transport of it: webSocketTransport(socket)"];
  if (hasMethod("write")) return ["a socket", "make a transport of it: tcpTransport(socket)"];
  if (option === "the transport") return [kindOf(value), expected];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return [
    isObject ? "an object" : value === undefined ? "missing" : kindOf(value),
    `the address comes first, then the options: connect("${hasTcp ? "tcp://host:port" : "wss://host/path"}", { ca })`,
  ];
}

const isUrl = (value: unknown): value is { readonly href: unknown } =>
  typeof value === "object" && value !== null && "href" in value && "protocol" in value;

function remedy(text: string, hasTcp: boolean): string | undefined {
  const rest = withoutSecrets(text.replace(/^[a-z][a-z0-9+.-]*:(\/\/)?/i, "")) || "host";
  const useEither = (place: string): string => `use ws://${place}${hasTcp ? ` or tcp://${place}` : ""}`;
  if (/^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d+)?(\/|$)/i.test(text)) return useEither(withoutSecrets(text));
  if (/^https:/i.test(text)) return `use wss://${rest}`;
  if (/^http:/i.test(text)) return `use ws://${rest}`;
  if (/^(tcp|tls|ssl):/i.test(text))
    return hasTcp
      ? `use tcp://${/:\d+$/.test(rest) ? rest : "host:port"}, with a port`
      : "use ws: or wss:. A page has no TCP: the server or a relay must take WebSockets; connect of Node.js takes tcp:";
  return undefined;
}

/**
 * Removes the user and password, which may contain any character, and everything after the path. Keeps at most 200
 * characters.
 */
const withoutSecrets = (text: string): string =>
  text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@?#:]*(:(?!\d{1,5}[/?#]).*)?@/is, "$1")
    .replace(/[?#].*$/s, "")
    .slice(0, 200);
