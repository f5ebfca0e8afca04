/**
 * RFC 5746, renegotiation_info.
 * @module
 */
import { bothRoles, noRenegotiation, noSsl, obeyedBy, type Rfc, rfc, tests } from "./statement.ts";

const { established, hello, order, required, resumedHostile } = tests;

export const rfc5746: Rfc = rfc(5746, "TLS Renegotiation Indication Extension", [
  [
    "3.4",
    "The client sends an empty renegotiation_info or the SCSV, but not both.",
    obeyedBy(
      "handshake/extensions/renegotiationInfo.ts#renegotiationInfoClient",
      `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
    ),
  ],
  [
    "3.4",
    "The client checks the extension in ServerHello. If it is not empty, the client sends a fatal handshake_failure.",
    obeyedBy(
      "handshake/extensions/renegotiationInfo.ts#renegotiationInfoClient",
      `${required}: renegotiation_info > with content in the %s's hello is handshake_failure`,
    ),
  ],
  [
    "3.4, 3.6",
    "The client and the server remember whether secure renegotiation was negotiated. If a session was established " +
      "with it, neither side resumes the session without it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/resumption/client.ts#resumedAgreement"],
        [
          `${established}: extensions that a peer does not support > renegotiation_info: a server without it is accepted only if the client does not require it`,
          `${resumedHostile}: a client refuses a server that resumes > without renegotiation_info`,
        ],
      ),
      server: obeyedBy(
        ["handshake/resumption/server.ts#checkOfferedSession"],
        [
          `${established}: extensions that a peer does not support > renegotiation_info: a server without it is accepted only if the client does not require it`,
          `${resumedHostile}: a client that offers a session made with other parameters > without renegotiation_info, although the session was made with it, gets a full handshake`,
        ],
      ),
    }),
  ],
  ["3.5", "A client that renegotiates sends its verify_data, and checks both values in the answer.", noRenegotiation],
  [
    "3.6",
    "The server looks for the SCSV and for the extension, which must be empty, and answers either one with an " +
      "empty extension.",
    obeyedBy("handshake/extensions/renegotiationInfo.ts#renegotiationInfoServer", [
      `${required}: renegotiation_info > a server sends it in answer to the SCSV too, and not to a client that sends neither`,
      `${required}: renegotiation_info > with content in the %s's hello is handshake_failure`,
    ]),
  ],
  [
    "3.6",
    "A server ignores extensions that it does not know.",
    obeyedBy(
      "handshake/extensions/extension.ts#readOffer",
      `${required}: an unknown extension > is ignored by a server`,
    ),
  ],
  [
    "3.6",
    "A server accepts a client_version above its own, and negotiates the highest version that both sides support.",
    obeyedBy(
      "handshake/negotiate.ts#checkHello",
      `${order}: versions > a ClientHello with a later version is answered with TLS 1.2; the signature reveals the change`,
    ),
  ],
  [
    "3.6",
    "All other extensions still follow RFC 5246 §7.4.1.4.",
    obeyedBy(
      "handshake/extensions/extension.ts#acceptExtensions",
      `${required}: an unknown extension > is refused by a client, which did not offer it`,
    ),
  ],
  ["3.7", "A server that renegotiates checks verify_data, and refuses the SCSV.", noRenegotiation],
  [
    "4.1",
    "A client that requires the extension ends the handshake with handshake_failure if the extension is missing. The " +
      "user can switch this requirement on or off.",
    obeyedBy("handshake/extensions/renegotiationInfo.ts#renegotiationInfoClient", [
      `${required}: renegotiation_info > a client refuses a server without it, and the error has advice`,
      `${required}: renegotiation_info > a client accepts a server without it with requireSecureRenegotiation: false`,
    ]),
  ],
  [
    "4.2",
    "A side that declines a HelloRequest answers it with the warning no_renegotiation.",
    obeyedBy(
      "engine/renegotiation.ts#RenegotiationRefuser",
      `${established}: renegotiation > %s is refused with a warning, and the fourth is fatal`,
    ),
  ],
  ["4.2", "A client may choose to renegotiate with a server that does not support the extension.", noRenegotiation],
  [
    "4.3",
    "A server that never renegotiates still answers the extension.",
    obeyedBy(
      "handshake/extensions/renegotiationInfo.ts#renegotiationInfoServer",
      `${required}: renegotiation_info > a server sends it in answer to the SCSV too, and not to a client that sends neither`,
    ),
  ],
  [
    "4.4, 5",
    "A server refuses renegotiation by clients without the extension. The user can switch renegotiation off.",
    obeyedBy("engine/renegotiation.ts#RenegotiationRefuser", [
      `${established}: renegotiation > %s is refused with a warning, and the fourth is fatal`,
      `${established}: renegotiation > a ClientHello in pieces is refused once it is complete`,
      `${established}: renegotiation > %s is fatal at once with renegotiation: "abort"`,
    ]),
  ],
  ["4.4", "A server that permits such renegotiation makes additional checks.", noRenegotiation],
  ["4.5", "SSL 3.0 uses the extension too.", noSsl],
]);
