/**
 * RFC 5746, renegotiation_info.
 * @module
 */
import { both, by, noRenegotiation, noSsl, type Rfc, rfc, tests } from "./statement.ts";

const { established, hello, order, required, resumedHostile } = tests;

export const rfc5746: Rfc = rfc(5746, "TLS Renegotiation Indication Extension", [
  [
    "3.4",
    "the client sends an empty renegotiation_info or the SCSV, and not both",
    by(
      "handshake/extensions/renegotiationInfo.ts#renegotiationInfoClient",
      `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
    ),
  ],
  [
    "3.4",
    "the client looks for the answer, which must be empty; else it is a fatal handshake_failure",
    by(
      "handshake/extensions/renegotiationInfo.ts#renegotiationInfoClient",
      `${required}: renegotiation_info > with content in the %s's hello is handshake_failure`,
    ),
  ],
  [
    "3.4, 3.6",
    "each side remembers whether it was said; a session that was made with it is not resumed without",
    both({
      client: by(
        ["handshake/resumption/client.ts#resumedAgreement"],
        [
          `${established}: extensions that a peer does not support > renegotiation_info: a server without it is accepted only if the client does not require it`,
          `${resumedHostile}: a server that resumes wrongly > without renegotiation_info`,
        ],
      ),
      server: by(
        ["handshake/resumption/server.ts#checkOfferedSession"],
        [
          `${established}: extensions that a peer does not support > renegotiation_info: a server without it is accepted only if the client does not require it`,
          `${resumedHostile}: a client that offers a session made for something else > without renegotiation_info, although the session was made with it: a full handshake`,
        ],
      ),
    }),
  ],
  ["3.5", "a client that renegotiates says its verify_data, and checks both in the answer", noRenegotiation],
  [
    "3.6",
    "the server looks for the SCSV and for the extension, which must be empty, and answers either with an empty one",
    by("handshake/extensions/renegotiationInfo.ts#renegotiationInfoServer", [
      `${required}: renegotiation_info > a server sends it in answer to the SCSV too, and not to a client that sends neither`,
      `${required}: renegotiation_info > with content in the %s's hello is handshake_failure`,
    ]),
  ],
  [
    "3.6",
    "a server ignores extensions that it does not know",
    by("handshake/extensions/extension.ts#readOffer", `${required}: an unknown extension > is ignored by a server`),
  ],
  [
    "3.6",
    "a server takes versions above its own, and negotiates the highest in common",
    by(
      "handshake/negotiate.ts#checkHello",
      `${order}: versions > a ClientHello with a later version is answered with TLS 1.2; the signature reveals the change`,
    ),
  ],
  [
    "3.6",
    "all other extensions are answered by RFC 5246 §7.4.1.4 still",
    by(
      "handshake/extensions/extension.ts#acceptExtensions",
      `${required}: an unknown extension > is refused by a client, which did not ask for it`,
    ),
  ],
  ["3.7", "a server that renegotiates checks verify_data, and takes no SCSV", noRenegotiation],
  [
    "4.1",
    "a client that insists on the extension ends the handshake with handshake_failure; the user can decide",
    by("handshake/extensions/renegotiationInfo.ts#renegotiationInfoClient", [
      `${required}: renegotiation_info > a client refuses a server without it, with advice`,
      `${required}: renegotiation_info > a client accepts a server without it with requireSecureRenegotiation: false`,
    ]),
  ],
  [
    "4.2",
    "a HelloRequest that is not followed is answered with a warning no_renegotiation",
    by(
      "engine/renegotiation.ts#RefusedRenegotiation",
      `${established}: renegotiation > %s is refused with a warning, and the fourth is fatal`,
    ),
  ],
  ["4.2", "a client that renegotiates with a server of old all the same", noRenegotiation],
  [
    "4.3",
    "a server that does not renegotiate answers the extension all the same",
    by(
      "handshake/extensions/renegotiationInfo.ts#renegotiationInfoServer",
      `${required}: renegotiation_info > a server sends it in answer to the SCSV too, and not to a client that sends neither`,
    ),
  ],
  [
    "4.4, 5",
    "servers do not let clients renegotiate without it; renegotiation can be switched off",
    by("engine/renegotiation.ts#RefusedRenegotiation", [
      `${established}: renegotiation > %s is refused with a warning, and the fourth is fatal`,
      `${established}: renegotiation > a ClientHello in pieces is refused once it is complete`,
      `${established}: renegotiation > %s is fatal at once with renegotiation: "abort"`,
    ]),
  ],
  ["4.4", "what a server checks that lets them do so", noRenegotiation],
  ["4.5", "SSL 3.0 with the extension", noSsl],
]);
