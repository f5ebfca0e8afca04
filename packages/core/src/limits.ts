/**
 * Every bound on what a peer can make us hold or do, each with its reason.
 * @module
 */

/** TLSPlaintext.length, RFC 5246 §6.2.1. */
export const maxPlaintext: number = 2 ** 14;
/** What protection may add to a fragment: TLSCiphertext.length is at most 2^14 + 2048, RFC 5246 §6.2.3. */
export const maxExpansion = 2048;
/** The least that a peer may ask our records to be cut to, RFC 8449 §4; and so the least of our own bound. */
export const minRecordSize = 64;
/**
 * One handshake message that is neither ClientHello nor Certificate: the largest honest ones (CertificateRequest,
 * NewSessionTicket) have under 64 KiB.
 */
export const maxHandshakeMessage: number = 2 ** 16;
/**
 * A ClientHello: its suites and its extensions may have 64 KiB each (RFC 5246 §7.4.1.2), and large tickets and shares
 * for later versions use some of that. Honest ones stay under 20 KiB. What waits for the rest of one takes twice its
 * bytes at most, which is less than a peer has sent for it.
 */
export const maxClientHello: number = 2 ** 17;
/** A Certificate message: sixteen certificates of 64 KiB would be 1 MiB; real chains are under 16 KiB, RSA-4096 with many names under 64. */
export const maxCertificateMessage: number = 2 ** 17;
/** Certificates in one chain (X509.md). */
export const maxCertificates = 16;
/** One certificate (X509.md). */
export const maxCertificate: number = 2 ** 16;
/**
 * DER elements in the certificates of one Certificate message: each takes microseconds before the code is warm, and 128 KiB have room for 60,000.
 * A certificate with a thousand names has some 1,100, the issuers above it under 100 each.
 */
export const maxElements: number = 2 ** 13;
/**
 * Characters of an attribute of a name, beyond ASCII, that are normalised: NFKC takes time in the square of the combining marks in a row.
 * X.520 allows 64 in most attributes; a longer value equals only the same text.
 */
export const maxNormalised = 256;
/**
 * Comparisons of a name with a constraint in one search for a path, where making a name or a constraint comparable counts as eight. A comparison takes about
 * 0.1 µs; 128 KiB have no room for more than 70,000 of long names, which take 0.4 µs. Honest CAs have some hundred constraints, for as many names.
 */
export const maxComparisons = 250_000;
/** Certificates in an OCSP response: its signer's alone is needed, some send the chain above it. Each one can cost a signature. */
export const maxResponders = 4;
/** How far thisUpdate of an OCSP response may lie ahead of our clock, ms: clocks of servers and pages are minutes apart. */
export const maxClockSkew = 300_000;
/** How old an OCSP response may be that names no nextUpdate, ms: a week, the usual lifetime of those that do (RFC 6960 §4.2.2.1 sets none). */
export const maxStatusAge: number = 7 * 24 * 3600 * 1000;
/** An OCSP response that a server sends: as much as fits into a handshake message. Real ones have 500 to 2,500 bytes. */
export const maxOcspResponse: number = maxHandshakeMessage - 4;
/** How long a server waits for the OCSP response of its application, ms: a handshake without one is better than none. */
export const ocspResponseTimeout = 1_000;
/** Bytes of the names in a CertificateRequest: the list could have 65,535, but then the message would be longer than peers, we among them, take. */
export const maxAuthorityNames = 65_000;
/** A whole handshake, both Certificates included: nothing honest needs more, and all of it may be held until CertificateVerify. */
export const maxTranscript: number = 2 ** 18;
/** Empty records in a row: OpenSSL sends one as a CBC countermeasure, nobody sends more than a few (BoringSSL's number). */
export const maxEmptyRecords = 32;
/** Warning alerts in a row (BoringSSL's number). */
export const maxWarningAlerts = 4;
/** Refused renegotiations before the peer is taken for hostile. */
export const maxRenegotiations = 3;
/** HelloRequests skipped during a handshake (RFC 5246 §7.4.1.1 says ignore, not for ever). */
export const maxHelloRequests = 4;
/** Bytes of a pre-shared key: 128 bits (RFC 9257 §6); from one recorded handshake, shorter ones can be guessed (RFC 4279 §7.2). */
export const minPskLength = 16;
/** Bytes of a PSK identity, a hint or a pre-shared key: RFC 4279 §5.3 wants 128 and 64 at least. */
export const maxPskIdentity = 1024;
/** Bytes of a session's state in a ticket, which the client sends back in every ClientHello: a client's verified path is a few KiB of it. */
export const maxTicketState: number = 2 ** 14;
/** Bytes of a ticket that a client keeps: it goes into each ClientHello, whose extensions have 65,535 together. Those of a server of ours have half as many. */
export const maxTicket: number = 2 ** 15;
/** Seconds that a session can be resumed, unless told otherwise: what it was verified with may have been revoked since. */
export const sessionLifetime = 7_200;
/** Seconds from the full handshake on after which a session is not resumed, however often it was renewed (RFC 5246 §F.1.4). */
export const maxSessionAge = 86_400;
/** A store of sessions, or a source of ticket keys, that has not answered by then is taken to have nothing, ms. */
export const storeTimeout = 250;
/** Bytes of the sessions that a memory store holds, each with `itemOverhead`: some nine thousand without client certificates. */
export const maxStoreBytes: number = 2 ** 22;
/** How often a memory store that is in use looks for what is over, ms: at each use it would cost more than the session saves. */
export const sweepInterval = 60_000;
/** Bytes of exported keying material at once: as many as an unsigned 16-bit number counts, as in TLS 1.3; nobody needs more than a few keys. */
export const maxExport: number = 2 ** 16 - 1;
/** Records that we send under one key: AES-GCM's safe number, RFC 8446 §5.5. */
export const maxRecords: number = 2 ** 24.5;
/** Records that we receive under one key. How many are safe is the sender's to know (RFC 8446 §5.5); a JavaScript number counts to 2^53. */
export const maxReceived: number = 2 ** 48;
/** Bytes of the peer that wait while a promise of ours is pending, before we ask the transport to pause. */
export const highWaterInbound: number = 2 ** 17;
/** The same, where the transport cannot pause (a page's `onmessage`): more ends the connection. */
export const maxInbound: number = 2 ** 24;
/** What a piece of data costs to keep beside its bytes: counted with them, or a flood of tiny pieces would hold a hundred times the limit. */
export const itemOverhead = 256;
/** One message of a WebSocket; the `ws` default of 100 MiB is an invitation. */
export const maxTransportMessage: number = 2 ** 20;
/** Everything ready in one turn goes out as one message, once there is so much of it. */
export const maxFlush: number = 2 ** 16;
/** And such a message has room for four full records with what is around them. */
export const maxFlushMessage: number = maxFlush + 2 ** 10;
/**
 * Bytes that all connections of a process send, or work off, between two turns of the event loop. A socket often takes all that it is given at once, so a
 * writer would go on for ever otherwise: no callback would run, and no other connection would be read. Enough to keep the sockets busy until the next turn.
 */
export const turnBudget: number = 2 ** 21;
/** What a record that comes in costs beside its bytes, in bytes of that budget: so many records of a byte take as long as one of 4 KiB does. */
export const recordCost: number = 2 ** 12;
/** How long the host may take to come to its next turn, ms, before a timer does. */
export const turnTimeout = 100;
/** Connections that waited for the next turn and go on in it: with a message of 64 KiB from each, the budget is spent. */
export const resumedInTurn = 32;
/** A handshake that is not done by then is given up, ms. */
export const handshakeTimeout = 10_000;
/** How long a close may take, ms: what was written before it, our close_notify, and the peer's. */
export const closeTimeout = 5_000;
/** How long a connection that is over waits for records that are still being sealed, ms: an alert should not be lost, and no provider may hold the end up. */
export const sealTimeout = 2_000;
/** How long after the peer's close_notify and the end of its carrier our side stays open while nothing is written, ms: the peer has gone, or waits for us alone. */
export const endedGrace = 1_000;
/**
 * How long a peer that has closed waits for our close_notify where the application neither reads its end nor writes, ms: less than the 5 s after which its `close`
 * fails, and as long as can be, since the application may still be about to answer.
 */
export const unreadGrace = 4_000;
/** Iterations of PBKDF2 over a passphrase: twice the most that anybody advises (OWASP's 1,300,000 for SHA-1), half a minute in JavaScript. */
export const maxIterations = 3_000_000;
/** Bytes of memory for scrypt over a passphrase: four times OpenSSL's default. */
export const maxScryptMemory: number = 2 ** 26;
/** How long an error about options waits for the chunk that explains it, ms: without it, the error says what is wrong, and not what to do. */
export const explanationTimeout = 2_000;
