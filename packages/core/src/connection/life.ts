import { TlsError } from "../errors.ts";
import type { Flow } from "../flow.ts";
import type { Peer } from "../handshake/peer.ts";
import type { Established } from "../handshake/session.ts";
import { contentTypes } from "../wire/record.ts";

export interface LifeEvents {
  established(established: Established): void;
  data(bytes: Uint8Array): void;
}

/** The whole life of a connection: handshake, then data until an alert ends it. */
export function* life(peer: Peer, handshake: (peer: Peer) => Flow<Established>, on: LifeEvents): Flow<void> {
  on.established(yield* handshake(peer));
  for (;;) {
    const record = yield* peer.record(true);
    switch (record.type) {
      case contentTypes.application_data:
        if (peer.midMessage)
          throw new TlsError("unexpected_message", "application data in the midst of a handshake message");
        if (record.fragment.length) on.data(record.fragment);
        break;
      case contentTypes.handshake:
        peer.refuseRenegotiation(record);
        break;
      default:
        throw new TlsError("unexpected_message", "ChangeCipherSpec on an established connection");
    }
  }
}
