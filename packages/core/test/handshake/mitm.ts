/**
 * A man in the middle that sees and may replace the records of a handshake, and credentials for both sides. The
 * provider is `nodeCrypto`, for speed.
 */

import {
  type AcceptOptions,
  accept,
  type ConnectOptions,
  type Credential,
  connect,
  keepSessions,
  type SessionStore,
  type TlsConnection,
  TlsError,
} from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { memoryPair, testCa } from "@handclasp/testing";
import { expect } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { messageName } from "../../src/wire/messages.ts";

export type Role = "client" | "server";

export interface WireRecord {
  readonly type: number;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** Splits `bytes`, which contain only complete records. */
export function parseRecords(bytes: Uint8Array): WireRecord[] {
  const found: WireRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = bytes.subarray(at, at + 5);
    const length = ((header[3] as number) << 8) | (header[4] as number);
    found.push({ type: header[0] as number, header, body: bytes.slice(at + 5, at + 5 + length) });
    at += 5 + length;
  }
  return found;
}

export const record = (type: number, body: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 255), body);

/** `content` in as many records as it needs. */
export const fragmented = (type: number, content: Uint8Array): Uint8Array =>
  concat(
    ...Array.from({ length: Math.ceil(content.length / 2 ** 14) }, (_, i) =>
      record(type, content.subarray(i * 2 ** 14, (i + 1) * 2 ** 14)),
    ),
  );

export const message = (type: number, body: Uint8Array = new Uint8Array(0)): Uint8Array =>
  concat(Uint8Array.of(type, body.length >> 16, (body.length >> 8) & 255, body.length & 255), body);

/** The units of a full ECDHE handshake with a client certificate. */
export const fullSequence = [
  "client client_hello",
  "server server_hello",
  "server certificate",
  "server server_key_exchange",
  "server certificate_request",
  "server server_hello_done",
  "client certificate",
  "client client_key_exchange",
  "client certificate_verify",
  "client change_cipher_spec",
  "client finished",
  "server change_cipher_spec",
  "server finished",
] as const;
export type Label = (typeof fullSequence)[number];

/** The units of a handshake that resumes a session and renews its ticket. */
export const resumedSequence = [
  "client client_hello",
  "server server_hello",
  "server new_session_ticket",
  "server change_cipher_spec",
  "server finished",
  "client change_cipher_spec",
  "client finished",
] as const;

/** One unit that a side sends in a handshake: a message, ChangeCipherSpec, an encrypted Finished, or an alert. */
export interface Unit {
  readonly from: Role;
  readonly name: string;
  /** A message without its header. Otherwise the content of the record, such as the ciphertext of Finished. */
  readonly body: Uint8Array;
  /** The whole record, with its header. */
  readonly wire: Uint8Array;
}

/** A function that sees every unit and returns the bytes to deliver in its place. */
export type Middle = (unit: Unit) => Uint8Array;

/**
 * An `alter` function for `memoryPair` that shows each unit to `middle`. Both sides send each message in a record of
 * its own, so each record until ChangeCipherSpec is one message, unless a message is longer than a record may be.
 */
export function alterUnits(middle: Middle): (bytes: Uint8Array, direction: "a->b" | "b->a") => Uint8Array | undefined {
  const changed = { client: false, server: false };
  return (bytes, direction) => {
    const from: Role = direction === "a->b" ? "client" : "server";
    const out = parseRecords(bytes).map(({ type, header, body }) => {
      const wire = concat(header, body);
      if (type === 20) {
        changed[from] = true;
        return middle({ from, name: "change_cipher_spec", body, wire });
      }
      if (type === 22 && changed[from]) return middle({ from, name: "finished", body, wire });
      if (type === 22) return middle({ from, name: messageName(body[0] as number), body: body.slice(4), wire });
      if (type === 21) return middle({ from, name: "alert", body, wire });
      return wire;
    });
    return concat(...out);
  };
}

export interface Pki {
  readonly ca: string;
  readonly server: Credential;
  readonly rsa: Credential;
  readonly client: Credential;
}

export async function issuePki(): Promise<Pki> {
  const ca = await testCa();
  return {
    ca: ca.pem,
    server: nodeCredential(await ca.issue({ names: ["localhost"] })),
    rsa: nodeCredential(await ca.issue({ names: ["localhost"], algorithm: "rsa-2048" })),
    client: nodeCredential(await ca.issue({ client: true })),
  };
}

export interface Outcome {
  /** The error that ended each side; `undefined` after an orderly close. */
  readonly client: unknown;
  readonly server: unknown;
  readonly established: readonly Role[];
}

/**
 * Runs a handshake through `middle`, by default a full one with a client certificate. Returns how each side ended. A
 * side whose handshake succeeds closes its connection.
 */
export async function handshakeThrough(
  { ca, server, client }: Pki,
  middle: Middle,
  options: { client?: Partial<ConnectOptions>; server?: Partial<AcceptOptions>; credential?: Credential } = {},
): Promise<Outcome> {
  const { a, b } = memoryPair({ alter: alterUnits(middle) });
  const established: Role[] = [];
  const end = async (role: Role, opening: Promise<TlsConnection>): Promise<unknown> => {
    try {
      const connection = await opening;
      established.push(role);
      await connection.close();
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const common = { provider: nodeCrypto, handshakeTimeout: 1000 };
  const [clientError, serverError] = await Promise.all([
    end("client", connect(a, { ...common, ca, serverName: "localhost", credentials: client, ...options.client })),
    end(
      "server",
      accept(b, {
        ...common,
        credentials: [options.credential ?? server],
        clientAuth: "require",
        ca: ca,
        ...options.server,
      }),
    ),
  ]);
  return { client: clientError, server: serverError, established };
}

/** Options with which `handshakeThrough` resumes the same session each time, and the server renews its ticket. */
export async function resumptionOptions(
  pki: Pki,
): Promise<{ client: Partial<ConnectOptions>; server: Partial<AcceptOptions> }> {
  let session: Uint8Array | undefined;
  const capturingStore: SessionStore = {
    get: () => undefined,
    set(_, bytes) {
      session = bytes;
    },
    delete() {},
  };
  const [old, current] = [1, 2].map((fill) => new Uint8Array(48).fill(fill)) as [Uint8Array, Uint8Array];
  await handshakeThrough(pki, (unit) => unit.wire, {
    client: { sessions: keepSessions({ store: capturingStore }) },
    server: { ticketKeys: [old] },
  });
  const store: SessionStore = { get: () => session, set() {}, delete() {} };
  return { client: { sessions: keepSessions({ store }) }, server: { ticketKeys: [current, old] } };
}

/** Expects a `TlsError` that is not an internal error of ours. */
export function expectTyped(error: unknown, what: string): asserts error is TlsError {
  expect(TlsError.is(error), `${what}: ${String(error)} ${(error as Error | undefined)?.stack ?? ""}`).toBe(true);
  const { fault, alert, cause } = error as TlsError;
  expect(
    { fault, alert, cause: alert === "internal_error" ? cause : undefined },
    `${what}: ${String(error)}`,
  ).not.toMatchObject({ fault: "internal" });
  expect(alert, `${what}: ${String(error)}`).not.toBe("internal_error");
}
