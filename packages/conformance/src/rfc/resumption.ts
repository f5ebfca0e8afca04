/**
 * RFC 5077, session tickets, and RFC 7627, extended_master_secret.
 * @module
 */
import {
  bothRoles,
  clientOnly,
  deviates,
  doesNotApply,
  noSsl,
  obeyedBy,
  type Rfc,
  rfc,
  serverOnly,
  tests,
} from "./statement.ts";

const { established, exporter, hello, order, required, resumed, resumedHostile, suite, ticket } = tests;

export const rfc5077: Rfc = rfc(5077, "TLS Session Resumption without Server-Side State", [
  [
    "3.2",
    "A client that supports tickets but has none sends an empty SessionTicket extension. A client that does not " +
      "support tickets does not send the extension.",
    obeyedBy("handshake/extensions/sessionTicket.ts#sessionTicketClient", [
      `${ticket}: session_ticket > is empty if the client has no ticket; the server answers with an empty one and no session ID`,
      `${ticket}: session_ticket > is not sent by a client %s, and the server then sends none either`,
    ]),
  ],
  [
    "3.2",
    "A server that will send a ticket answers with an empty SessionTicket extension. It never sends the extension " +
      "if the client did not.",
    serverOnly("handshake/extensions/sessionTicket.ts#sessionTicketServer", [
      `${ticket}: session_ticket > is empty if the client has no ticket; the server answers with an empty one and no session ID`,
      `${ticket}: session_ticket > is not sent by a client %s, and the server then sends none either`,
      `${ticket}: session_ticket > is not sent by a server without tickets`,
      `${ticket}: session_ticket > an answer with content is decode_error`,
    ]),
  ],
  [
    "3.2",
    "A client deletes the ticket that it offered if the server accepted it and the handshake then fails.",
    clientOnly(
      "handshake/resumption/client.ts#makeSessionKeeper",
      `${resumedHostile}: a client refuses a server that resumes > with another suite`,
    ),
  ],
  [
    "3.3",
    "The server sends NewSessionTicket if its ServerHello announced the message. Otherwise the client refuses the " +
      "message.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#clientHandshake", "handshake/resumption/client.ts#makeSessionKeeper"],
        [
          `${order}: a resumed handshake > fails without %s`,
          `${ticket}: NewSessionTicket > is refused if ServerHello did not announce it`,
        ],
      ),
      server: obeyedBy(
        ["handshake/resumption/server.ts#sendTicket"],
        [
          `${resumedHostile}: a session is not stored > if it is too large for a ticket: the server sends an empty ticket`,
        ],
      ),
    }),
  ],
  [
    "3.3",
    "In a full handshake, the server sends the ticket after it has verified the client's Finished.",
    serverOnly(
      "handshake/server.ts#serverHandshake",
      `${ticket}: NewSessionTicket > is sent in a full handshake only after the client's Finished is verified`,
    ),
  ],
  [
    "3.3",
    "A client treats the ticket as valid only after it has verified the server's Finished.",
    clientOnly(
      "handshake/client.ts#clientHandshake",
      `${ticket}: NewSessionTicket > is stored only after the server's Finished is verified`,
    ),
  ],
  [
    "3.3",
    "A server does not assume that the client received a renewed ticket until it has verified the client's Finished.",
    serverOnly(
      "handshake/resumption/server.ts#resumeSession",
      `${resumed}: a session is resumed > by another server with the ticket key; a server with a newer key renews the ticket`,
    ),
  ],
  [
    "3.3",
    "A client deletes a ticket whose lifetime has expired.",
    obeyedBy(
      ["handshake/resumption/client.ts#makeSessionKeeper", "connection/sessions.ts#memoryStore"],
      [
        `${resumed}: a session is not resumed > after its lifetime, by the client's clock`,
        `${resumedHostile}: a store > in memory drops sessions that are the least recently used, expired or too large`,
      ],
    ),
  ],
  [
    "3.4",
    "A server that will send a ticket leaves the session ID empty.",
    obeyedBy(
      "handshake/resumption/server.ts#newSessionId",
      `${ticket}: session_ticket > is empty if the client has no ticket; the server answers with an empty one and no session ID`,
    ),
  ],
  [
    "3.4",
    "If the server accepts a ticket, it echoes the session ID that the client sent with the ticket.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#makeClientHello"],
        [`${resumed}: a session is resumed > by ticket, without certificate and key exchange`],
      ),
      server: obeyedBy(
        ["handshake/resumption/server.ts#resumeSession"],
        [
          `${resumedHostile}: a ticket and a session ID together (RFC 5077 §3.4) > if the ticket is accepted, a session ID of %i bytes is echoed`,
        ],
      ),
    }),
  ],
  [
    "3.4",
    "If the client sends a ticket, the server does not look for a session by its session ID.",
    serverOnly(
      "handshake/resumption/server.ts#findState",
      `${resumedHostile}: a ticket and a session ID together (RFC 5077 §3.4) > if the ticket is unknown, the session ID is ignored`,
    ),
  ],
  [
    "4",
    "A client does not interpret a ticket.",
    obeyedBy(
      "handshake/resumption/state.ts#SessionState",
      `${resumedHostile}: a ticket that was altered > in any byte, or truncated, is unknown, and causes a full handshake`,
    ),
  ],
  [
    "5.2, 5.7",
    "A server encrypts and authenticates its tickets with strong algorithms. Handclasp uses AES-256-GCM with a " +
      "random nonce.",
    serverOnly("handshake/resumption/tickets.ts#Tickets", [
      `${resumedHostile}: a ticket that was altered > in any byte, or truncated, is unknown, and causes a full handshake`,
      `${resumedHostile}: a configuration error is thrown for > tickets without AES-256-GCM`,
    ]),
  ],
  [
    "5.5, 5.6",
    "The ticket keys are random, have at least 128 bits, serve no other purpose and change regularly. A " +
      "ticket's lifetime is limited.",
    serverOnly("handshake/resumption/tickets.ts#rotatingKeys", [
      `${resumed}: a session is resumed > after one change of the server's own ticket keys`,
      "handshake/ownKeys.test.ts: ticket keys change at the end of their window, however late they were first used",
      "handshake/ownKeys.test.ts: ticket keys that have expired are wiped at the next use, or by a timer if there is no next use",
      `${resumedHostile}: a configuration error is thrown for > a short key`,
      `${resumedHostile}: a configuration error is thrown for > a lifetime of two days`,
    ]),
  ],
  [
    "5.7",
    "A server protects the secrets that it sends to the client together with the ticket.",
    doesNotApply("Our server sends no secrets with the ticket."),
  ],
]);

export const rfc7627: Rfc = rfc(7627, "TLS Session Hash and Extended Master Secret", [
  [
    "4",
    "Both sides derive the master secret from the hash of all messages up to and including ClientKeyExchange.",
    obeyedBy(
      ["crypto/keySchedule.ts#extendedMasterSecret", "handshake/secrets.ts#Secrets.derive"],
      [
        "crypto/prf.test.ts: ACVP",
        "handshake/golden.test.ts: golden transcripts: the bytes do not change (HANDCLASP_UPDATE_GOLDEN=1 rewrites them)",
      ],
    ),
  ],
  [
    "4",
    "A side accepts no handshake without the extension, especially if an application relies on the master secret.",
    deviates(
      "This is a SHOULD NOT, and §5.2 permits exceptions. With `requireExtendedMasterSecret`, we refuse such " +
        "handshakes. Without that option, a connection without the extension offers no function that relies on the " +
        "master secret (docs/adr/0004).",
      "handshake/extensions/extendedMasterSecret.ts#requireExtension",
      [
        `${required}: extended_master_secret > a server without it is refused only if the client requires it`,
        `${exporter}: exported keying material > is refused without extended_master_secret`,
        `${resumedHostile}: a session is not stored > by a server without extended_master_secret (RFC 7627 §5.3)`,
      ],
    ),
  ],
  [
    "5.1",
    "The extension is empty. The client and the server use the extended master secret if both sent the extension.",
    bothRoles({
      client: obeyedBy(
        ["handshake/client.ts#clientHandshake"],
        [
          `${required}: extended_master_secret > is negotiated if both sides require it`,
          `${suite}: suite, certificate and group`,
          `${required}: extended_master_secret > with content in the %s's hello is decode_error`,
        ],
      ),
      server: obeyedBy(
        ["handshake/server.ts#serverHandshake"],
        [
          `${required}: extended_master_secret > is negotiated if both sides require it`,
          `${suite}: suite, certificate and group`,
          `${required}: extended_master_secret > with content in the %s's hello is decode_error`,
        ],
      ),
    }),
  ],
  [
    "5.2",
    "The client offers the extension in every handshake. A server answers it, but never if the client did not " +
      "offer it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/extendedMasterSecret.ts#extendedMasterSecretClient"],
        [
          `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/extendedMasterSecret.ts#extendedMasterSecretServer"],
        [
          `${resumed}: a session is resumed > without server_name in ServerHello (RFC 6066 §3)`,
          `${required}: extended_master_secret > a client without it is refused only if the server requires it`,
        ],
      ),
    }),
  ],
  [
    "5.2",
    "A side that requires the extension ends a handshake without it with handshake_failure.",
    obeyedBy("handshake/extensions/extendedMasterSecret.ts#requireExtension", [
      `${required}: extended_master_secret > a server without it is refused only if the client requires it`,
      `${required}: extended_master_secret > a client without it is refused only if the server requires it`,
    ]),
  ],
  [
    "5.2",
    "A side that continues without the extension uses the standard derivation of the master secret.",
    obeyedBy(
      "handshake/secrets.ts#Secrets.derive",
      `${established}: extensions that a peer does not support > extended_master_secret: if the client lacks it, both sides derive the classic master secret`,
    ),
  ],
  [
    "5.3",
    "A client does not offer a session without extended master secret, and a server does not resume one. " +
      "Neither side stores such a session.",
    bothRoles({
      client: obeyedBy(
        ["handshake/resumption/client.ts#makeSessionKeeper"],
        [`${resumedHostile}: a session is not stored > by a server without extended_master_secret (RFC 7627 §5.3)`],
      ),
      server: obeyedBy(
        ["handshake/extensions/sessionTicket.ts#sessionTicketServer", "handshake/resumption/server.ts#newSessionId"],
        [`${resumedHostile}: a session is not stored > by a server without extended_master_secret (RFC 7627 §5.3)`],
      ),
    }),
  ],
  [
    "5.3",
    "A client that offers a session sends the extension, and a server that resumes the session answers it.",
    bothRoles({
      client: obeyedBy(
        ["handshake/extensions/extendedMasterSecret.ts#extendedMasterSecretClient"],
        [
          `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
        ],
      ),
      server: obeyedBy(
        ["handshake/extensions/extendedMasterSecret.ts#extendedMasterSecretServer"],
        [`${resumed}: a session is resumed > without server_name in ServerHello (RFC 6066 §3)`],
      ),
    }),
  ],
  [
    "5.3, 5.4",
    "If a session has an extended master secret and the ClientHello lacks the extension, the server ends the " +
      "handshake.",
    obeyedBy(
      "handshake/resumption/server.ts#checkOfferedSession",
      `${resumedHostile}: a client that offers a session made with other parameters > without extended_master_secret gets handshake_failure (RFC 7627 §5.3)`,
    ),
  ],
  [
    "5.3, 5.4",
    "If a session has an extended master secret and the ServerHello lacks the extension, the client ends the " +
      "handshake.",
    obeyedBy(
      "handshake/resumption/client.ts#resumedAgreement",
      `${resumedHostile}: a client refuses a server that resumes > without extended_master_secret (RFC 7627 §5.3)`,
    ),
  ],
  [
    "5.3",
    "If a session lacks an extended master secret and the ServerHello has the extension, the client ends the " +
      "handshake.",
    doesNotApply("Our client never offers such a session (see above)."),
  ],
  [
    "5.4",
    "Without the extension, no side exports keys, uses the verify_data or tls-unique of a resumed session to " +
      "authenticate, or renegotiates.",
    obeyedBy(
      ["handshake/exporter.ts#Exporter.export", "handshake/exporter.ts#Exporter.channelBinding"],
      [
        `${exporter}: exported keying material > is refused without extended_master_secret`,
        `${exporter}: channel binding > tls-unique is a copy of the first Finished, and a resumed session needs extended_master_secret for it`,
      ],
    ),
  ],
  [
    "6.2",
    "The session hash uses a hash function that is stronger than MD5 and SHA-1.",
    obeyedBy("handshake/secrets.ts#Secrets", "crypto/prf.test.ts: ACVP"),
  ],
  ["6.4", "A side refuses SSL 3.0, or uses the legacy master secret for it.", noSsl],
]);
