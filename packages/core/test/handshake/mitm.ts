/**
 * A man in the middle who reads plaintext handshake records, and a fixed cast of both sides, over node:crypto for speed.
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

/** Whole records of whole sends. */
export function records(bytes: Uint8Array): WireRecord[] {
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

/** The same in as many records as it takes. */
export const fragmented = (type: number, content: Uint8Array): Uint8Array =>
  concat(
    ...Array.from({ length: Math.ceil(content.length / 2 ** 14) }, (_, i) =>
      record(type, content.subarray(i * 2 ** 14, (i + 1) * 2 ** 14)),
    ),
  );

export const message = (type: number, body: Uint8Array = new Uint8Array(0)): Uint8Array =>
  concat(Uint8Array.of(type, body.length >> 16, (body.length >> 8) & 255, body.length & 255), body);

/** A whole handshake over ECDHE with a client certificate, unit by unit. */
export const sequence = [
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
export type Label = (typeof sequence)[number];

/** One that resumes a session, and renews its ticket. */
export const resumedSequence = [
  "client client_hello",
  "server server_hello",
  "server new_session_ticket",
  "server change_cipher_spec",
  "server finished",
  "client change_cipher_spec",
  "client finished",
] as const;

/** What one side sends in a handshake, unit by unit: a message, ChangeCipherSpec, Finished under its keys, an alert. */
export interface Unit {
  readonly from: Role;
  readonly name: string;
  /** Of a message without its header; of Finished the ciphertext. */
  readonly body: Uint8Array;
  /** As it goes on the wire. */
  readonly wire: Uint8Array;
}

/** Sees every unit; what it returns goes on the way instead. */
export type Middle = (unit: Unit) => Uint8Array;

/** Both sides send each message in records of its own (maxFragment permitting), so records are messages until ChangeCipherSpec. */
export function unitsOf(middle: Middle): (bytes: Uint8Array, direction: "a->b" | "b->a") => Uint8Array | undefined {
  const changed = { client: false, server: false };
  return (bytes, direction) => {
    const from: Role = direction === "a->b" ? "client" : "server";
    const out = records(bytes).map(({ type, header, body }) => {
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

export interface Cast {
  readonly ca: string;
  readonly server: Credential;
  readonly rsa: Credential;
  readonly client: Credential;
}

export async function cast(): Promise<Cast> {
  const ca = await testCa();
  return {
    ca: ca.pem,
    server: nodeCredential(await ca.issue({ names: ["localhost"] })),
    rsa: nodeCredential(await ca.issue({ names: ["localhost"], algorithm: "rsa-2048" })),
    client: nodeCredential(await ca.issue({ client: true })),
  };
}

export interface Outcome {
  /** What ended each side; `undefined` where it ended in order. */
  readonly client: unknown;
  readonly server: unknown;
  readonly established: readonly Role[];
}

/** A full handshake with client certificate through a middle; both sides' ends. Whoever gets through closes. */
export async function through(
  { ca, server, client }: Cast,
  middle: Middle,
  options: { client?: Partial<ConnectOptions>; server?: Partial<AcceptOptions>; credential?: Credential } = {},
): Promise<Outcome> {
  const { a, b } = memoryPair({ alter: unitsOf(middle) });
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
  const [ofClient, ofServer] = await Promise.all([
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
  return { client: ofClient, server: ofServer, established };
}

/** Options under which `through` resumes the same session each time, and the server renews its ticket. */
export async function resuming(
  people: Cast,
): Promise<{ client: Partial<ConnectOptions>; server: Partial<AcceptOptions> }> {
  let session: Uint8Array | undefined;
  const keeping: SessionStore = {
    get: () => undefined,
    set(_, bytes) {
      session = bytes;
    },
    delete() {},
  };
  const [old, current] = [1, 2].map((fill) => new Uint8Array(48).fill(fill)) as [Uint8Array, Uint8Array];
  await through(people, (unit) => unit.wire, {
    client: { sessions: keepSessions({ store: keeping }) },
    server: { ticketKeys: [old] },
  });
  const store: SessionStore = { get: () => session, set() {}, delete() {} };
  return { client: { sessions: keepSessions({ store }) }, server: { ticketKeys: [current, old] } };
}

/** A typed end, and none that is our own fault. */
export function expectTyped(error: unknown, what: string): asserts error is TlsError {
  expect(TlsError.is(error), `${what}: ${String(error)} ${(error as Error | undefined)?.stack ?? ""}`).toBe(true);
  const { fault, alert, cause } = error as TlsError;
  expect(
    { fault, alert, cause: alert === "internal_error" ? cause : undefined },
    `${what}: ${String(error)}`,
  ).not.toMatchObject({ fault: "internal" });
  expect(alert, `${what}: ${String(error)}`).not.toBe("internal_error");
}
