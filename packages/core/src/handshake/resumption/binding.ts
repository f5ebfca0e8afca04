/**
 * What a session is bound to. A session says "this peer was verified", and that holds only under the configuration that verified it: all of
 * that goes into one hash, which a session carries, and under another hash it is not resumed.
 * @module
 */
import { ascii, fromHex, toHex } from "../../bytes/bytes.ts";
import { bytes, type Codec, encode, list, struct, uint8, uint16 } from "../../wire/codec.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { TrustPolicy } from "../../x509/verify.ts";
import type { ClientConfig, CommonConfig, ServerConfig } from "../config.ts";

const trust: Codec<{
  readonly kind: number;
  readonly anchors: readonly Uint8Array[];
  readonly pins: readonly Uint8Array[];
  readonly minimumRsaBits: number;
  readonly minimumEcBits: number;
}> = struct({
  kind: uint8,
  anchors: list(3, bytes(1)),
  pins: list(3, bytes(1)),
  minimumRsaBits: uint16,
  minimumEcBits: uint16,
});

const common: Codec<{
  readonly role: number;
  readonly trust: Uint8Array;
  readonly groups: readonly number[];
  readonly schemes: readonly number[];
  readonly alpn: readonly Uint8Array[];
  readonly specific: readonly Uint8Array[];
}> = struct({
  role: uint8,
  trust: bytes(3),
  groups: list(2, uint16),
  schemes: list(2, uint16),
  alpn: list(3, bytes(1)),
  specific: list(3, bytes(2)),
});

const hashed = new WeakMap<Certificate, Uint8Array>();

/** The SHA-256 of a certificate; of our own it is asked for in each handshake. */
export function certificateHash(certificate: Certificate): Uint8Array {
  let hash = hashed.get(certificate);
  if (!hash) {
    hash = fromHex(certificate.fingerprint.replaceAll(":", ""));
    hashed.set(certificate, hash);
  }
  return hash;
}

const inOrder = (texts: readonly string[]): Uint8Array[] => [...new Set(texts)].sort().map(ascii);

/** `trust` and `verify` are functions, and cannot be written down: they are asked again whenever a session is to be resumed. */
function trustBytes(policy: TrustPolicy | undefined): Uint8Array {
  if (!policy) return new Uint8Array(0);
  const { anchors, pins, insecure, minimumRsaBits = 0, minimumEcBits = 0 } = policy;
  return encode(trust, {
    kind: insecure ? 1 : policy.trust ? 2 : 0,
    anchors: inOrder(anchors.map((anchor) => toHex(certificateHash(anchor)))),
    pins: inOrder(pins),
    minimumRsaBits,
    minimumEcBits,
  });
}

function digest(
  { provider, groups, schemes, alpn }: CommonConfig,
  role: number,
  policy: TrustPolicy | undefined,
  specific: readonly Uint8Array[],
): Uint8Array {
  const content = encode(common, {
    role,
    trust: trustBytes(policy),
    groups: groups.map(({ id }) => id),
    schemes: schemes.map(({ id }) => id),
    alpn: alpn.map(ascii),
    specific,
  });
  return provider.hashes.sha256.digest(content);
}

/** Stands for our certificate where a function chooses it: then a session is kept only where it was not asked. */
const chosen: Uint8Array = ascii("chosen");

/** Of a client: whom it trusts and how much, the name it wants, what it can verify, the protocols it offers, and who it says it is. */
export const clientBinding = (config: ClientConfig): Uint8Array =>
  once(config, () =>
    digest(config, 0, config.trust, [
      Uint8Array.of((config.maxFragmentLength ?? 0) >> 8, Number(config.identityFits)),
      ascii(config.serverName ?? ""),
      ascii(config.ocsp?.name ?? ""),
      ascii(config.sessionScope),
      ...(config.identity?.map(certificateHash) ?? [chosen]),
    ]),
  );

const made = new WeakMap<CommonConfig, Uint8Array>();

function once(config: CommonConfig, make: () => Uint8Array): Uint8Array {
  const binding = made.get(config) ?? make();
  made.set(config, binding);
  return binding;
}

/** Of a server: whether and whom it asks for certificates. Name and certificate are kept beside it, since they differ from client to client. */
export const serverBinding = (config: ServerConfig): Uint8Array =>
  once(config, () => digest(config, 1, config.clientTrust, [ascii(config.clientAuth)]));
