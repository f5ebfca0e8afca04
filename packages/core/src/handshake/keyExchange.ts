import type { NamedGroup } from "../crypto/groups.ts";
import type { KeyShare } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { type Flow, settle } from "../flow.ts";

/** The shared secret of our share and the peer's point; a point that the provider refuses is the peer's fault (RFC 8422 §5.11). */
export function* agreeOn(share: KeyShare, peerPublic: Uint8Array, group: NamedGroup): Flow<Uint8Array> {
  try {
    return yield* settle(share.agree(peerPublic));
  } catch (cause) {
    throw new TlsError("illegal_parameter", `the peer's public key is no valid point of ${group.name}`, {
      code: "bad_ecpoint",
      cause,
    });
  }
}
