/**
 * The sections of the RFCs that define the messages, their fields and the extensions.
 * @module
 */
import { keyExchangeOf } from "./bodies.ts";

/** The section of each message. */
const messages: Readonly<Record<string, string>> = {
  hello_request: "RFC 5246 §7.4.1.1",
  client_hello: "RFC 5246 §7.4.1.2",
  server_hello: "RFC 5246 §7.4.1.3",
  new_session_ticket: "RFC 5077 §3.3",
  certificate: "RFC 5246 §7.4.2",
  server_key_exchange: "RFC 5246 §7.4.3",
  certificate_request: "RFC 5246 §7.4.4",
  server_hello_done: "RFC 5246 §7.4.5",
  certificate_verify: "RFC 5246 §7.4.8",
  client_key_exchange: "RFC 5246 §7.4.7",
  finished: "RFC 5246 §7.4.9",
  certificate_status: "RFC 6066 §8",
};

/** The sections of the two messages whose format depends on the key exchange. */
const exchanges: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  server_key_exchange: { ecdhe: "RFC 8422 §5.4", psk: "RFC 4279 §2", ecdhe_psk: "RFC 5489 §2" },
  client_key_exchange: {
    rsa: "RFC 5246 §7.4.7.1",
    dhe: "RFC 5246 §7.4.7.2",
    ecdhe: "RFC 8422 §5.7",
    psk: "RFC 4279 §2",
    ecdhe_psk: "RFC 5489 §2",
  },
};

/** The sections of fields that several messages have, or that have a section of their own. */
const fields: Readonly<Record<string, string>> = {
  "client_hello.random": "RFC 5246 §7.4.1.2",
  "client_hello.cipherSuites": "RFC 5246 §A.5",
  "server_hello.cipherSuite": "RFC 5246 §A.5",
  "server_key_exchange.signed": "RFC 5246 §4.7",
  "certificate_verify.scheme": "RFC 5246 §7.4.1.4.1",
  extensions: "RFC 5246 §7.4.1.4",
};

const extensions: Readonly<Record<string, string>> = {
  server_name: "RFC 6066 §3",
  max_fragment_length: "RFC 6066 §4",
  status_request: "RFC 6066 §8",
  supported_groups: "RFC 8422 §5.1.1",
  ec_point_formats: "RFC 8422 §5.1.2",
  signature_algorithms: "RFC 5246 §7.4.1.4.1",
  application_layer_protocol_negotiation: "RFC 7301 §3.1",
  signed_certificate_timestamp: "RFC 6962 §3.3.1",
  padding: "RFC 7685 §3",
  encrypt_then_mac: "RFC 7366 §2",
  extended_master_secret: "RFC 7627 §5.1",
  record_size_limit: "RFC 8449 §4",
  session_ticket: "RFC 5077 §3.2",
  supported_versions: "RFC 8446 §4.2.1",
  renegotiation_info: "RFC 5746 §3.2",
  GREASE: "RFC 8701 §2",
};

/**
 * The section that defines a field of a message.
 * @param message the message's name, or `"extension"`
 * @param path the field's path, or the name of the extension's type
 */
export function sectionOf(message: string, path: string, suite?: string): string {
  if (message === "extension") return extensions[path.replace(/ .*/, "")] ?? "RFC 5246 §7.4.1.4";
  const field = path.replace(/[.[].*/, "");
  const exchange = exchanges[message]?.[keyExchangeOf(suite) ?? ""];
  return fields[`${message}.${field}`] ?? fields[field] ?? exchange ?? messages[message] ?? "RFC 5246 §7.4";
}
