/**
 * The limits on what a peer can make core store, compute or wait for, each with the reason for its number.
 *
 * Some limits are elsewhere, next to the only code that reads them: the work of a path search (`x509/path.ts`:
 * `maxSignatures`, `maxSteps`, `maxPathDepth`), the sizes of RSA keys (`crypto/rsaKey.ts`), the size of a certificate
 * that a cache stores (`x509/cache.ts`) and the ciphertext that a provider opens at the same time (`record/reader.ts`:
 * `maxInFlight`). The transports of `@handclasp/node` have limits on sockets and WebSockets of their own, in that
 * package's `src/transport` folder, because core knows neither.
 * @module
 */

/** Bytes of a TLSPlaintext fragment: the RFC's maximum (RFC 5246 §6.2.1). */
export const maxPlaintext: number = 2 ** 14;
/** Bytes that protection may add to a fragment: TLSCiphertext.length is at most 2^14 + 2048 (RFC 5246 §6.2.3). */
export const maxExpansion = 2048;
/**
 * Bytes of a record that a peer may ask us to keep to, at least: the minimum of record_size_limit (RFC 8449 §4). Our
 * own limit on records has the same minimum.
 */
export const minRecordSize = 64;
/**
 * Bytes of a handshake message that is neither ClientHello nor Certificate: the largest honest ones
 * (CertificateRequest, NewSessionTicket) have less than 64 KiB.
 */
export const maxHandshakeMessage: number = 2 ** 16;
/**
 * Bytes of a ClientHello: its suites and its extensions may have 64 KiB each (RFC 5246 §7.4.1.2), and large tickets and
 * key shares of later versions use some of that. Honest ones stay below 20 KiB. The buffer of an incomplete ClientHello
 * has at most twice the bytes that arrived.
 */
export const maxClientHello: number = 2 ** 17;
/**
 * Bytes of a Certificate message: `maxCertificates` of `maxCertificate` bytes would be 1 MiB, but real chains have less
 * than 16 KiB, and those with RSA-4096 and many names less than 64 KiB.
 */
export const maxCertificateMessage: number = 2 ** 17;
/** Certificates in a Certificate message: real chains have two to four. */
export const maxCertificates = 16;
/** Bytes of a certificate: one with a thousand names of 30 characters has about half as many. */
export const maxCertificate: number = 2 ** 16;
/**
 * DER elements in the certificates of one Certificate message: each takes microseconds before the code is warm, and
 * 128 KiB have room for 60,000. A certificate with a thousand names has some 1,100, each issuer above it less than 100.
 */
export const maxDerElements: number = 2 ** 13;
/**
 * Characters of an attribute of a name that is normalised, if it is not ASCII: NFKC takes time in the square of the
 * combining marks in a row. X.520 allows 64 in most attributes. A longer value equals only the same text.
 */
export const maxNormalised = 256;
/**
 * Comparisons of a name with a constraint in one path search; preparing a name or a constraint for comparison counts as
 * eight. A comparison takes about 0.1 µs; 128 KiB have no room for more than 70,000 of long names, which take 0.4 µs.
 * Honest CAs have some hundred constraints, for as many names.
 */
export const maxComparisons = 250_000;
/**
 * Certificates in an OCSP response: only the signer's is needed, and some responders send the chain above it. Each one
 * can cost a signature verification.
 */
export const maxResponders = 4;
/**
 * Milliseconds that an OCSP response's thisUpdate may be ahead of our clock: clocks of servers and pages are minutes
 * apart.
 */
export const maxClockSkew = 300_000;
/**
 * Age of an OCSP response without nextUpdate, ms: a week, the usual lifetime of responses that have one (RFC 6960
 * §4.2.2.1 sets no limit).
 */
export const maxStatusAge: number = 7 * 24 * 3600 * 1000;
/**
 * Bytes of an OCSP response that a server sends: as many as fit into a handshake message. Real ones have 500 to 2,500.
 */
export const maxOcspResponse: number = maxHandshakeMessage - 4;
/**
 * Milliseconds that a server waits for the application's OCSP response: a handshake without one is better than none.
 */
export const ocspResponseTimeout = 1_000;
/**
 * Bytes of the names in a CertificateRequest: the RFC allows 65,535, but peers would then refuse the whole message as
 * too long, and so would we (`maxHandshakeMessage`).
 */
export const maxAuthorityNames = 65_000;
/**
 * Bytes of all messages of a handshake, both Certificates included: no honest handshake needs more, and a connection
 * may have to store all of them until CertificateVerify.
 */
export const maxTranscript: number = 2 ** 18;
/**
 * Empty records in a row: OpenSSL sends one as a CBC countermeasure, and no peer sends more than a few (BoringSSL's
 * number).
 */
export const maxEmptyRecords = 32;
/** Warning alerts in a row: BoringSSL's number. */
export const maxWarningAlerts = 4;
/**
 * Renegotiations that we refuse before the connection ends: an honest peer has no reason to ask again after a refusal.
 */
export const maxRenegotiations = 3;
/** HelloRequests that a client ignores during a handshake: RFC 5246 §7.4.1.1 says to ignore them, but not how many. */
export const maxHelloRequests = 4;
/**
 * Bytes of a pre-shared key, at least: 128 bits (RFC 9257 §6). An attacker who has recorded one handshake can guess a
 * shorter key (RFC 4279 §7.2).
 */
export const minPskLength = 16;
/**
 * Bytes of a PSK identity, an identity hint or a pre-shared key: RFC 4279 §5.3 requires support of 128 for identities
 * and 64 for keys.
 */
export const maxPskIdentity = 1024;
/**
 * Bytes of a session's state in a ticket, which the client sends in every ClientHello: a client's verified path takes a
 * few KiB of it.
 */
export const maxTicketState: number = 2 ** 14;
/**
 * Bytes of a ticket that a client stores: it goes into each ClientHello, whose extensions have 65,535 together. The
 * tickets of our own server have at most half as many.
 */
export const maxTicket: number = 2 ** 15;
/**
 * Default lifetime of a session, in seconds: the certificate that it was verified with may have been revoked in the
 * meantime.
 */
export const sessionLifetime = 7_200;
/**
 * Seconds after the full handshake in which its session can be resumed, however often it was renewed: RFC 5246 §F.1.4
 * suggests 24 hours.
 */
export const maxSessionAge = 86_400;
/**
 * Milliseconds that a connection waits for a store of sessions or a source of ticket keys: after that it goes on
 * without, since a slow store should not cost more time than the full handshake that it saves.
 */
export const storeTimeout = 250;
/**
 * Bytes of the sessions in a memory store, each counted with `itemOverhead`: about nine thousand sessions without
 * client certificates.
 */
export const maxStoreBytes: number = 2 ** 22;
/**
 * Interval in which a memory store removes expired sessions while it is in use, ms: to look for them at each use would
 * cost more than a session saves.
 */
export const sweepInterval = 60_000;
/**
 * Bytes of keying material that one call exports: the largest unsigned 16-bit number, as in TLS 1.3. Applications need
 * no more than a few keys.
 */
export const maxExport: number = 2 ** 16 - 1;
/** Records that we send under one key: the safe number for AES-GCM (RFC 8446 §5.5). */
export const maxRecordsSent: number = 2 ** 24.5;
/**
 * Records that we receive under one key: six bytes of the sequence number, well below the 2^53 to which a JavaScript
 * number is exact. The safe number for the cipher is the sender's concern (RFC 8446 §5.5).
 */
export const maxRecordsReceived: number = 2 ** 48;
/**
 * Received bytes that may wait while a promise of ours is pending or the application does not read: with more, the
 * connection asks the transport to pause. The number is eight full records.
 */
export const highWaterInbound: number = 2 ** 17;
/**
 * Received bytes that may wait if the transport cannot pause (a page's `onmessage`): with more, the connection ends.
 * The number is a second of data at 134 Mbit/s.
 */
export const maxInboundBytes: number = 2 ** 24;
/**
 * Bytes that storing one piece of data costs in addition to its contents. Limits count it with each piece; otherwise a
 * flood of tiny pieces would take a hundred times the limit.
 */
export const itemOverhead = 256;
/**
 * Bytes of a WebSocket message that we send: transports of `@handclasp/node` accept no more, because the 100 MiB that
 * the `ws` package accepts by default let a peer fill memory.
 */
export const maxTransportMessage: number = 2 ** 20;
/**
 * Bytes of records that are sent as one message of the transport: four full records, so that the cost of a message is
 * shared.
 */
export const maxFlush: number = 2 ** 16;
/** Bytes of such a message: four full records with their headers and the overhead of protection. */
export const maxFlushMessage: number = maxFlush + 2 ** 10;
/**
 * Bytes that all connections of a process together send, and as many that they process, in one turn of the event loop.
 * A socket often accepts everything at once, so without the limit a writer would never stop: no callback would run, and
 * no other connection would be read. The number keeps sockets busy until the next turn.
 */
export const turnBudget: number = 2 ** 21;
/**
 * Bytes of that budget that a received record costs in addition to its contents: a record of one byte takes as long as
 * 4 KiB of data.
 */
export const recordCost: number = 2 ** 12;
/**
 * Milliseconds within which the host must begin its next turn; after that a timer begins it, so that one transport that
 * never calls back cannot stop all connections.
 */
export const turnTimeout = 100;
/**
 * Connections that waited for the next turn and resume in it: with a message of 64 KiB from each, they use up the
 * budget.
 */
export const resumedInTurn = 32;
/**
 * Default time limit of a handshake, ms: two round trips on a slow network and cryptography in JavaScript fit into it.
 */
export const handshakeTimeout = 10_000;
/**
 * Default time limit of a close, ms: for the data that was written before it, our close_notify and the peer's
 * close_notify.
 */
export const closeTimeout = 5_000;
/**
 * Milliseconds that a closed connection waits for records that are still being sealed: an alert should not be lost, but
 * a provider that never answers must not delay the end.
 */
export const sealTimeout = 2_000;
/**
 * Milliseconds without a write after which we close our side, once the peer has sent close_notify and its transport has
 * ended: the peer is gone, or waits only for us.
 */
export const endedGrace = 1_000;
/**
 * Milliseconds after which a peer that has closed gets our close_notify although the application neither reads the end
 * nor writes. They are fewer than `closeTimeout`, after which the peer's `close` fails, and otherwise as many as
 * possible, because the application may still be about to answer.
 */
export const unreadGrace = 4_000;
/**
 * Iterations of PBKDF2 over a passphrase: about twice OWASP's 1,300,000 for SHA-1, the highest number that any
 * guideline recommends. In JavaScript they take half a minute.
 */
export const maxIterations = 3_000_000;
/**
 * Bytes of memory for scrypt over a passphrase: four times what OpenSSL's default parameters take (N = 16,384, r = 8).
 */
export const maxScryptMemory: number = 2 ** 26;
/**
 * Milliseconds that an error about options waits for the chunk that explains it: without the chunk, the error says what
 * is wrong but not what to do.
 */
export const explanationTimeout = 2_000;
