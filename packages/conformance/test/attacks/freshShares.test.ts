/**
 * Raccoon, and every attack that needs two computations with one private value: both roles make a new key share for
 * each handshake, whatever became of the handshake before.
 */

import { webCrypto } from "@handclasp/browser";
import {
  accept,
  type CipherSuite,
  type CryptoProvider,
  connect,
  ffdhe2048,
  type NamedGroup,
  noble,
  nodeCredential,
  nodeCrypto,
  secp256r1,
  secp384r1,
  secp521r1,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  type TlsError,
  x25519,
} from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { alterUnits, message, record, type Unit } from "../../../core/test/handshake/mitm.ts";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["localhost"], algorithm: "rsa-2048" }));

const groups: readonly (readonly [NamedGroup, CipherSuite])[] = [
  [ffdhe2048, TLS_DHE_RSA_WITH_AES_128_GCM_SHA256],
  [x25519, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
  [secp256r1, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
  [secp384r1, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
  [secp521r1, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
];
const providers: readonly CryptoProvider[] = [nodeCrypto, noble, webCrypto];

/** The public value at `at`, after its length of one byte, or of two in a finite field. */
function publicValue(body: Uint8Array, at: number, isField: boolean): string {
  const length = isField ? ((body[at] as number) << 8) | (body[at + 1] as number) : (body[at] as number);
  const start = at + (isField ? 2 : 1);
  return Buffer.from(body.subarray(start, start + length)).toString("hex");
}
/** The server's public value: in a finite field after p and g, on a curve after the curve's type and number. */
function serverValue(body: Uint8Array, isField: boolean): string {
  if (!isField) return publicValue(body, 3, false);
  const p = 2 + (((body[0] as number) << 8) | (body[1] as number));
  return publicValue(body, p + 3, true);
}

describe.each(providers.map((provider) => [provider.name, provider] as const))("with %s", (_, provider) => {
  test.each(groups.map(([group, suite]) => [group.name, group, suite] as const))(
    "each handshake has new shares of both roles on %s, also after one that failed",
    async (_name, group, suite) => {
      const isField = group.kind === "field";
      const shares = { client: [] as string[], server: [] as string[] };
      const collect = (unit: Unit): Uint8Array => {
        if (unit.name === "server_key_exchange") shares.server.push(serverValue(unit.body, isField));
        if (unit.name === "client_key_exchange") shares.client.push(publicValue(unit.body, 0, isField));
        return unit.wire;
      };
      const common = { provider, suites: [suite], groups: [group] };
      const run = async (change: (unit: Unit) => Uint8Array): Promise<readonly (TlsError | undefined)[]> => {
        const { a, b } = memoryPair({ alter: alterUnits((unit) => change({ ...unit, wire: collect(unit) })) });
        const ends = await Promise.allSettled([
          connect(a, { ...common, ca: ca.pem, serverName: "localhost" }),
          accept(b, { ...common, credentials }),
        ]);
        return Promise.all(
          ends.map(async (end) => {
            if (end.status === "rejected") return end.reason as TlsError;
            await end.value.close();
            return undefined;
          }),
        );
      };
      const pass = (unit: Unit): Uint8Array => unit.wire;
      /** A client's public value that is no element of the group. */
      const invalid = (unit: Unit): Uint8Array =>
        unit.name === "client_key_exchange"
          ? record(22, message(16, isField ? Uint8Array.of(0, 1, 1) : Uint8Array.of(1, 0)))
          : unit.wire;
      /** Data that is no record of TLS, in place of the client's key exchange. */
      const broken = (unit: Unit): Uint8Array =>
        unit.name === "client_key_exchange" ? Uint8Array.of(1, 2, 3, 4, 5) : unit.wire;

      expect(await run(pass)).toEqual([undefined, undefined]);
      expect(await run(pass)).toEqual([undefined, undefined]);
      expect((await run(invalid))[1]).toMatchObject({ alert: "illegal_parameter", by: "us" });
      expect((await run(broken))[1]).toMatchObject({ by: "us" });
      expect(await run(pass)).toEqual([undefined, undefined]);

      for (const values of [shares.client, shares.server]) {
        expect(values).toHaveLength(5);
        for (const value of values) expect(value.length).toBeGreaterThanOrEqual(64);
      }
      expect(new Set([...shares.client, ...shares.server]).size).toBe(10);
    },
  );
});
