/**
 * The common parts of ECDHE and ECDHE_PSK.
 * @module
 */
import type { NamedCurve, NamedGroup } from "../../crypto/groups.ts";
import { type KeyShare, requireEntry } from "../../crypto/provider.ts";
import { TlsError } from "../../errors.ts";
import { type Flow, ignore, markHandled, runFlow, waitFor } from "../../flow.ts";
import type { EcdhParams } from "../../wire/messages.ts";
import type { ExchangeConfig, KeyExchangeRow, PrecomputedShare } from "./exchange.ts";

const namedCurve = 3;

/** ServerECDHParams for this group and this share (RFC 8422 §5.4). */
export const ecdhParams = (group: NamedCurve, share: KeyShare): EcdhParams => ({
  curveType: namedCurve,
  namedCurve: group.id,
  public: share.publicKey,
});

export const isCurve = (group: NamedGroup | undefined): group is NamedCurve => group?.kind === "curve";

/** The group that the server's parameters name. Throws if the client did not offer that group. */
export function groupOf({ groups }: ExchangeConfig, params: EcdhParams): NamedCurve {
  const group =
    params.curveType === namedCurve ? groups.filter(isCurve).find((row) => row.id === params.namedCurve) : undefined;
  if (!group)
    throw new TlsError("illegal_parameter", `the server chose curve ${params.namedCurve}, which was not offered`, {
      code: "wrong_curve",
    });
  return group;
}

export function* generateShare(
  { provider, random }: ExchangeConfig,
  group: NamedCurve,
  precomputed?: PrecomputedShare,
): Flow<KeyShare> {
  const generate = requireEntry(provider.groups[group.name]);
  return yield* waitFor(precomputed?.group === group ? precomputed.share : generate(random));
}

/**
 * Generates a share on the first offered curve that a suite can use, because most servers choose that curve. Returns
 * `undefined` if no suite can use a curve, or if the provider does not precompute shares.
 */
export function precomputeShare(
  config: ExchangeConfig & { readonly suites: readonly { readonly keyExchange: KeyExchangeRow }[] },
): PrecomputedShare | undefined {
  const isUsable = (group: NamedGroup): boolean =>
    config.suites.some(({ keyExchange }) => keyExchange.groups.includes(group));
  const group = config.groups.filter(isCurve).find(isUsable);
  if (!group || !config.provider.precompute) return undefined;
  // ClientHello is sent in the next microtask. Chromium's WebCrypto computes during the call, so the call comes later.
  const sent = Promise.resolve().then(ignore);
  const share = markHandled(sent.then(() => runFlow(generateShare(config, group))));
  return { group, share, wipe: () => void markHandled(share.then((keyShare) => keyShare.wipe())) };
}

/**
 * The shared secret of our share and the peer's point. Throws if the provider rejects the point (RFC 8422 §5.11).
 */
export function* ecdhSharedSecret(share: KeyShare, peerPublic: Uint8Array, group: NamedCurve): Flow<Uint8Array> {
  const secret = yield* waitFor(share.agree(peerPublic));
  if (!secret)
    throw new TlsError("illegal_parameter", `the peer's public key is not a valid point of ${group.name}`, {
      code: "bad_ecpoint",
    });
  return secret;
}
