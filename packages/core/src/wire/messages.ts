/**
 * Codecs of the handshake messages, RFC 5246 §7.4.
 * @module
 */
import {
  bytes,
  type Codec,
  empty,
  list,
  opaque,
  prefixed,
  rest,
  struct,
  trailing,
  uint8,
  uint16,
  uint32,
  type Value,
} from "./codec.ts";

/** A type of handshake message: its number and name in the RFC, and the codec of its body. */
export interface MessageType<T> {
  readonly id: number;
  readonly name: string;
  readonly body: Codec<T>;
}
/* @__NO_SIDE_EFFECTS__ */
function message<T>(id: number, name: string, body: Codec<T>): MessageType<T> {
  return { id, name, body };
}

/** The length of a handshake header in bytes: msg_type (1) and length (3). */
export const messageHeaderLength = 4;

/** ProtocolVersion {3, 3}. */
export const tls12 = 0x0303;
/** ProtocolVersion {3, 1}. */
export const tls10 = 0x0301;

export interface RawExtension {
  readonly type: number;
  readonly data: Uint8Array;
}
const extensions: Codec<readonly RawExtension[] | undefined> = trailing(
  list(2, struct({ type: uint16, data: bytes(2) })),
);
const upTo255 = bytes(1);
const sessionId: Codec<Uint8Array> = {
  read(r) {
    const id = upTo255.read(r);
    return id.length > 32 ? r.fail(`${id.length} bytes, at most 32 allowed`) : id;
  },
  write: (w, id) => upTo255.write(w, id),
};

/** A uint8 that has only one valid value. */
/* @__NO_SIDE_EFFECTS__ */
function constant(value: number): Codec<number> {
  return {
    read(r) {
      const found = uint8.read(r);
      return found === value ? found : r.fail(`${found}, only ${value} is known`);
    },
    write: uint8.write,
  };
}

export const helloRequest: MessageType<Value<typeof empty>> = message(0, "hello_request", empty);

export interface ClientHello {
  readonly clientVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: readonly number[];
  /** `undefined` if the whole block is absent. */
  readonly extensions: readonly RawExtension[] | undefined;
}
const clientHelloBody: Codec<ClientHello> = struct({
  clientVersion: uint16,
  random: opaque(32),
  sessionId,
  cipherSuites: list(2, uint16, 2),
  compressionMethods: list(1, uint8, 1),
  extensions,
});
export const clientHello: MessageType<ClientHello> = message(1, "client_hello", clientHelloBody);

export interface ServerHello {
  readonly serverVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions: readonly RawExtension[] | undefined;
}
const serverHelloBody: Codec<ServerHello> = struct({
  serverVersion: uint16,
  random: opaque(32),
  sessionId,
  cipherSuite: uint16,
  compressionMethod: uint8,
  extensions,
});
export const serverHello: MessageType<ServerHello> = message(2, "server_hello", serverHelloBody);

/**
 * NewSessionTicket, RFC 5077 §3.3. `lifetimeHint` is in seconds, and 0 means no hint. An empty `ticket` means that the
 * server issues no ticket.
 */
export const newSessionTicket: MessageType<{ readonly lifetimeHint: number; readonly ticket: Uint8Array }> = message(
  4,
  "new_session_ticket",
  struct({ lifetimeHint: uint32, ticket: bytes(2) }),
);

export interface CertificateMessage {
  readonly certificateList: readonly Uint8Array[];
}
export const certificate: MessageType<CertificateMessage> = message(
  11,
  "certificate",
  struct({ certificateList: list(3, bytes(3, 1)) }),
);

/** The SignatureScheme and the signature of a `digitally-signed` element, RFC 5246 §4.7. */
export interface DigitallySigned {
  readonly scheme: number;
  readonly signature: Uint8Array;
}
const signed: Codec<DigitallySigned> = struct({ scheme: uint16, signature: bytes(2) });

/** ServerECDHParams with a named curve, RFC 8422 §5.4. */
export interface EcdhParams {
  readonly curveType: number;
  readonly namedCurve: number;
  readonly public: Uint8Array;
}
export const serverEcdhParams: Codec<EcdhParams> = struct({
  curveType: uint8,
  namedCurve: uint16,
  public: bytes(1, 1),
});
/** ServerKeyExchange of ECDHE. */
export const serverEcdhKeyExchange: MessageType<{
  readonly params: EcdhParams;
  readonly signed: DigitallySigned;
}> = message(12, "server_key_exchange", struct({ params: serverEcdhParams, signed }));

/** ServerDHParams, RFC 5246 §7.4.3. */
export interface DhParams {
  readonly p: Uint8Array;
  readonly g: Uint8Array;
  readonly public: Uint8Array;
}
export const serverDhParams: Codec<DhParams> = struct({ p: bytes(2, 1), g: bytes(2, 1), public: bytes(2, 1) });
/** ServerKeyExchange of DHE. */
export const serverDhKeyExchange: MessageType<{ readonly params: DhParams; readonly signed: DigitallySigned }> =
  message(12, "server_key_exchange", struct({ params: serverDhParams, signed }));

/** ServerKeyExchange of PSK, RFC 4279 §2. A server without a hint does not send this message. */
export const serverPskKeyExchange: MessageType<{ readonly identityHint: Uint8Array }> = message(
  12,
  "server_key_exchange",
  struct({ identityHint: bytes(2) }),
);
/** ServerKeyExchange of ECDHE_PSK, RFC 5489 §2. */
export const serverEcdhPskKeyExchange: MessageType<{
  readonly identityHint: Uint8Array;
  readonly params: EcdhParams;
}> = message(12, "server_key_exchange", struct({ identityHint: bytes(2), params: serverEcdhParams }));

export interface CertificateRequest {
  readonly certificateTypes: readonly number[];
  readonly schemes: readonly number[];
  readonly certificateAuthorities: readonly Uint8Array[];
}
export const certificateRequest: MessageType<CertificateRequest> = message(
  13,
  "certificate_request",
  struct({
    certificateTypes: list(1, uint8, 1),
    schemes: list(2, uint16, 2),
    certificateAuthorities: list(2, bytes(2, 1)),
  }),
);

/** The CertificateStatusType `ocsp` (RFC 6066 §8). */
export const ocspStatus = 1;
/** CertificateStatus, RFC 6066 §8: the DER of an OCSPResponse. */
export const certificateStatus: MessageType<{ readonly statusType: number; readonly response: Uint8Array }> = message(
  22,
  "certificate_status",
  struct({ statusType: constant(ocspStatus), response: bytes(3, 1) }),
);

export const serverHelloDone: MessageType<Value<typeof empty>> = message(14, "server_hello_done", empty);
export const certificateVerify: MessageType<DigitallySigned> = message(15, "certificate_verify", signed);

/** ClientKeyExchange of ECDHE: the point, RFC 8422 §5.7. */
export const clientEcdhKeyExchange: MessageType<{ readonly public: Uint8Array }> = message(
  16,
  "client_key_exchange",
  struct({ public: bytes(1, 1) }),
);
/** ClientKeyExchange of DHE: dh_Yc, RFC 5246 §7.4.7.2. */
export const clientDhKeyExchange: MessageType<{ readonly public: Uint8Array }> = message(
  16,
  "client_key_exchange",
  struct({ public: bytes(2, 1) }),
);
/** ClientKeyExchange of PSK, RFC 4279 §2. */
export const clientPskKeyExchange: MessageType<{ readonly identity: Uint8Array }> = message(
  16,
  "client_key_exchange",
  struct({ identity: bytes(2) }),
);
/** ClientKeyExchange of ECDHE_PSK, RFC 5489 §2. */
export const clientEcdhPskKeyExchange: MessageType<{ readonly identity: Uint8Array; readonly public: Uint8Array }> =
  message(16, "client_key_exchange", struct({ identity: bytes(2), public: bytes(1, 1) }));
/** ClientKeyExchange of RSA: EncryptedPreMasterSecret, RFC 5246 §7.4.7.1. */
export const clientEncryptedPremaster: MessageType<{ readonly encryptedPremasterSecret: Uint8Array }> = message(
  16,
  "client_key_exchange",
  struct({ encryptedPremasterSecret: prefixed(2, rest) }),
);

export const finished: MessageType<{ readonly verifyData: Uint8Array }> = message(
  20,
  "finished",
  struct({ verifyData: opaque(12) }),
);

/** The RFC's name of a message type, for error messages. */
export const messageName = (id: number): string =>
  ({
    0: "hello_request",
    1: "client_hello",
    2: "server_hello",
    4: "new_session_ticket",
    11: "certificate",
    12: "server_key_exchange",
    13: "certificate_request",
    14: "server_hello_done",
    15: "certificate_verify",
    16: "client_key_exchange",
    20: "finished",
    22: "certificate_status",
  })[id] ?? `message ${id}`;
