/**
 * RFC 5077, session tickets, and RFC 7627, extended_master_secret.
 * @module
 */
import { both, by, noSsl, not, ofClient, ofServer, otherwise, type Rfc, rfc, tests } from "./statement.ts";

const { established, exporter, hello, order, required, resumed, resumedHostile, suite, ticket } = tests;

export const rfc5077: Rfc = rfc(5077, "TLS Session Resumption without Server-Side State", [
  [
    "3.2",
    "a client that has no ticket and takes one sends the extension empty; one that takes none does not send it",
    by("handshake/extensions/sessionTicket.ts#sessionTicketClient", [
      `${ticket}: session_ticket > is empty if the client has no ticket, and is then answered empty, without a session ID`,
      `${ticket}: session_ticket > is not sent by a client %s, and not answered`,
    ]),
  ],
  [
    "3.2",
    "a server that is going to send a ticket answers the extension, empty, and never where it was not sent",
    by("handshake/extensions/sessionTicket.ts#sessionTicketServer", [
      `${ticket}: session_ticket > is empty if the client has no ticket, and is then answered empty, without a session ID`,
      `${ticket}: session_ticket > is not sent by a client %s, and not answered`,
      `${ticket}: session_ticket > is not answered by a server without tickets`,
      `${ticket}: session_ticket > an answer with content is decode_error`,
    ]),
  ],
  [
    "3.2",
    "a ticket that was accepted is deleted where the handshake then fails",
    ofClient(
      "handshake/resumption/client.ts#sessionsIn",
      `${resumedHostile}: a server that resumes wrongly > with another suite`,
    ),
  ],
  [
    "3.3",
    "NewSessionTicket comes where ServerHello announced it, and only there",
    both({
      client: by(
        ["handshake/client.ts#clientHandshake", "handshake/resumption/client.ts#sessionsIn"],
        [
          `${order}: a resumed handshake > fails without %s`,
          `${ticket}: NewSessionTicket > is refused if it was not announced`,
        ],
      ),
      server: by(
        ["handshake/resumption/server.ts#sendTicket"],
        [`${resumedHostile}: not stored > is a session too large for a ticket: the server sends an empty ticket`],
      ),
    }),
  ],
  [
    "3.3",
    "in a full handshake the server sends the ticket once it has verified the client's Finished",
    ofServer(
      "handshake/server.ts#serverHandshake",
      `${ticket}: NewSessionTicket > is sent only after the client's Finished is verified`,
    ),
  ],
  [
    "3.3",
    "a client takes the ticket for valid once it has verified the server's Finished",
    ofClient(
      "handshake/client.ts#clientHandshake",
      `${ticket}: NewSessionTicket > is stored only after the server's Finished is verified`,
    ),
  ],
  [
    "3.3",
    "a server does not assume that a renewed ticket arrived before the client's Finished is verified",
    ofServer(
      "handshake/resumption/server.ts#resumeSession",
      `${resumed}: a session is resumed > by another server with the ticket key, which renews the ticket if it has a newer key`,
    ),
  ],
  [
    "3.3",
    "a client deletes a ticket whose lifetime is over",
    by(
      ["handshake/resumption/client.ts#sessionsIn", "connection/sessions.ts#memoryStore"],
      [
        `${resumed}: a session is not resumed > after its lifetime, by the client's clock`,
        `${resumedHostile}: a store > in memory drops the least recently used, expired and oversized sessions`,
      ],
    ),
  ],
  [
    "3.4",
    "a server that is going to send a ticket leaves the session ID empty",
    by(
      "handshake/resumption/server.ts#newSessionId",
      `${ticket}: session_ticket > is empty if the client has no ticket, and is then answered empty, without a session ID`,
    ),
  ],
  [
    "3.4",
    "the session ID that goes with an accepted ticket is echoed, and what it says does not matter",
    both({
      client: by(
        ["handshake/client.ts#offer"],
        [
          `${resumed}: a session is resumed > by ticket: without certificate and key exchange, and the server's Finished comes first`,
        ],
      ),
      server: by(
        ["handshake/resumption/server.ts#resumeSession"],
        [
          `${resumedHostile}: a ticket and a session ID together (RFC 5077 §3.4) > if the ticket is accepted, a session ID of %i bytes is echoed`,
        ],
      ),
    }),
  ],
  [
    "3.4",
    "where there is a ticket, no session is looked up by the session ID",
    ofServer(
      "handshake/resumption/server.ts#findState",
      `${resumedHostile}: a ticket and a session ID together (RFC 5077 §3.4) > if the ticket is unknown, the session ID is ignored`,
    ),
  ],
  [
    "4",
    "a client does not look into a ticket",
    by(
      "handshake/resumption/state.ts#SessionState",
      `${resumedHostile}: a ticket that was altered > in any byte, or truncated, is unknown: a full handshake`,
    ),
  ],
  [
    "5.2, 5.7",
    "a ticket is encrypted and authenticated with strong algorithms: AES-256-GCM under a random nonce",
    ofServer("handshake/resumption/tickets.ts#Tickets", [
      `${resumedHostile}: a ticket that was altered > in any byte, or truncated, is unknown: a full handshake`,
      `${resumedHostile}: invalid options > tickets without AES-256-GCM`,
    ]),
  ],
  [
    "5.5, 5.6",
    "its keys are random, of 128 bits and more, for nothing else, and change; its lifetime has an end",
    ofServer("handshake/resumption/tickets.ts#rotatingKeys", [
      `${resumed}: a session is resumed > after one change of the server's own ticket keys`,
      "handshake/ownKeys.test.ts: change at the end of their window, however late they were first used",
      "handshake/ownKeys.test.ts: are wiped when they expire: at the next use, or by a timer without one",
      `${resumedHostile}: invalid options > a short key`,
      `${resumedHostile}: invalid options > a lifetime of two days`,
    ]),
  ],
  ["5.7", "secrets that the server sends to the client beside the ticket are protected", not("nothing goes beside it")],
]);

export const rfc7627: Rfc = rfc(7627, "TLS Session Hash and Extended Master Secret", [
  [
    "4",
    "the master secret is made of the hash of all messages up to ClientKeyExchange, that one included",
    by(
      ["crypto/keySchedule.ts#extendedMasterSecret", "handshake/secrets.ts#Secrets.derive"],
      [
        "crypto/prf.test.ts: ACVP",
        "handshake/golden.test.ts: golden transcripts: the bytes do not change (HANDCLASP_UPDATE_GOLDEN=1 rewrites them)",
      ],
    ),
  ],
  [
    "4",
    "handshakes without it are not accepted, above all where something relies on the master secret",
    otherwise(
      "a SHOULD NOT that §5.2 softens: with requireExtendedMasterSecret they are refused; without, nothing that relies on the master secret is to be had (docs/adr/0004)",
      "handshake/extensions/extendedMasterSecret.ts#insist",
      [
        `${required}: extended_master_secret > a server without it is refused only if the client requires it`,
        `${exporter}: exported keying material > is refused without extended_master_secret`,
        `${resumedHostile}: not stored > is a session without extended_master_secret, by either side (RFC 7627 §5.3)`,
      ],
    ),
  ],
  [
    "5.1",
    "the extension is empty; both use the extended master secret where they agreed on it",
    both({
      client: by(
        ["handshake/client.ts#clientHandshake"],
        [
          `${required}: extended_master_secret > is negotiated if both sides require it`,
          `${suite}: suite, certificate and group`,
          `${required}: extended_master_secret > with content in the %s's hello is decode_error`,
        ],
      ),
      server: by(
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
    "the client offers it in every handshake; a server that gets it answers it, and never where it does not",
    both({
      client: by(
        ["handshake/extensions/extendedMasterSecret.ts#extendedMasterSecretClient"],
        [
          `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
        ],
      ),
      server: by(
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
    "a side that does not go on without it ends the handshake, with handshake_failure",
    by("handshake/extensions/extendedMasterSecret.ts#insist", [
      `${required}: extended_master_secret > a server without it is refused only if the client requires it`,
      `${required}: extended_master_secret > a client without it is refused only if the server requires it`,
    ]),
  ],
  [
    "5.2",
    "a side that goes on without it uses the standard derivation",
    by(
      "handshake/secrets.ts#Secrets.derive",
      `${established}: extensions that a peer does not support > extended_master_secret: if the client lacks it, both sides derive the classic master secret`,
    ),
  ],
  [
    "5.3",
    "a session without it is not offered, and not resumed by a server whom it is offered: it is never kept",
    both({
      client: by(
        ["handshake/resumption/client.ts#sessionsIn"],
        [`${resumedHostile}: not stored > is a session without extended_master_secret, by either side (RFC 7627 §5.3)`],
      ),
      server: by(
        ["handshake/extensions/sessionTicket.ts#sessionTicketServer", "handshake/resumption/server.ts#newSessionId"],
        [`${resumedHostile}: not stored > is a session without extended_master_secret, by either side (RFC 7627 §5.3)`],
      ),
    }),
  ],
  [
    "5.3",
    "a client that offers a session sends it, and a server that resumes answers it",
    both({
      client: by(
        ["handshake/extensions/extendedMasterSecret.ts#extendedMasterSecretClient"],
        [
          `${hello}: ClientHello > has signature_algorithms, extended_master_secret and an empty renegotiation_info, but no SCSV`,
        ],
      ),
      server: by(
        ["handshake/extensions/extendedMasterSecret.ts#extendedMasterSecretServer"],
        [`${resumed}: a session is resumed > without server_name in ServerHello (RFC 6066 §3)`],
      ),
    }),
  ],
  [
    "5.3, 5.4",
    "a session with it, whose ClientHello comes without: the server ends the handshake",
    by(
      "handshake/resumption/server.ts#checkOfferedSession",
      `${resumedHostile}: a client that offers a session made for something else > without extended_master_secret: the connection ends (RFC 7627 §5.3)`,
    ),
  ],
  [
    "5.3, 5.4",
    "a session with it, whose ServerHello comes without: the client ends the handshake",
    by(
      "handshake/resumption/client.ts#resumedAgreement",
      `${resumedHostile}: a server that resumes wrongly > without extended_master_secret (RFC 7627 §5.3)`,
    ),
  ],
  [
    "5.3",
    "a session without it, whose ServerHello comes with it: the client ends the handshake",
    not("no such session is ever offered, see above"),
  ],
  [
    "5.4",
    "without it: no exported keys, no verify_data and no tls-unique of a resumed session for authentication, no renegotiation",
    by(
      ["handshake/exporter.ts#Exporter.export", "handshake/exporter.ts#Exporter.channelBinding"],
      [
        `${exporter}: exported keying material > is refused without extended_master_secret`,
        `${exporter}: channel binding > tls-unique is a copy of the first Finished, and a resumed session needs extended_master_secret for it`,
      ],
    ),
  ],
  ["6.2", "the hash is better than MD5 or SHA-1", by("handshake/secrets.ts#Secrets", "crypto/prf.test.ts: ACVP")],
  ["6.4", "SSL 3.0 is refused, or has the legacy master secret", noSsl],
]);
