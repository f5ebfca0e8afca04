/**
 * The limits on what a peer or the application can make core store, compute or wait for, with their reasons.
 *
 * Some limits are next to the only code that reads them: the work of a path search (`x509/path.ts`: `maxSignatures`,
 * `maxIssuersTried`, `maxPathDepth`), the sizes of RSA keys (`crypto/rsaKey.ts`), the size of a certificate that a
 * cache stores (`x509/cache.ts`) and the ciphertext that a provider opens at the same time (`record/reader.ts`:
 * `maxInFlight`). Most limits on sockets and WebSockets are in the `src/transport` folder of `@handclasp/node`, because
 * core opens neither.
 * @module
 */

/** The maximum length of a TLSPlaintext fragment in bytes (RFC 5246 §6.2.1). */
export const maxPlaintext: number = 2 ** 14;
/**
 * The maximum number of bytes that protection may add to a fragment: TLSCiphertext.length is at most 2^14 + 2048 (RFC
 * 5246 §6.2.3).
 */
export const maxExpansion = 2048;
/**
 * The smallest limit in bytes that a peer may set on our records: the minimum of record_size_limit (RFC 8449 §4). Our
 * own limit has the same minimum.
 */
export const minRecordSize = 64;
/**
 * The maximum length in bytes of a handshake message other than ClientHello and Certificate: the longest honest ones
 * (CertificateRequest, NewSessionTicket) have less than 64 KiB.
 */
export const maxHandshakeMessage: number = 2 ** 16;
/**
 * The maximum length of a ClientHello in bytes. Its suites and its extensions may have 64 KiB each (RFC 5246 §7.4.1.2),
 * and large tickets and key shares of later versions use some of that. Honest ClientHellos stay below 20 KiB. The
 * buffer of an incomplete ClientHello is at most twice as long as the data that arrived.
 */
export const maxClientHello: number = 2 ** 17;
/**
 * The maximum length of a Certificate message in bytes. `maxCertificates` certificates of `maxCertificate` bytes would
 * be 1 MiB, but real chains have less than 16 KiB, and chains with RSA-4096 and many names less than 64 KiB.
 */
export const maxCertificateMessage: number = 2 ** 17;
/** The maximum number of certificates in a Certificate message: real chains have two to four. */
export const maxCertificates = 16;
/** The maximum length of a certificate in bytes: one with a thousand names of 30 characters has about half of that. */
export const maxCertificate: number = 2 ** 16;
/**
 * The maximum number of DER elements in the certificates of one Certificate message. Reading an element takes
 * microseconds before the code is warm, and 128 KiB have room for 60,000 elements. A certificate with a thousand names
 * has about 1,100, and each issuer above it fewer than 100.
 */
export const maxDerElements: number = 2 ** 13;
/**
 * The maximum length in characters of an attribute value that is normalised although it is not ASCII: the time of NFKC
 * grows with the square of the number of combining marks in a row. X.520 allows 64 characters in most attributes. A
 * longer value equals only the same text.
 */
export const maxNormalised = 256;
/**
 * The maximum number of comparisons of a name with a constraint in one path search. Preparing a name or a constraint
 * for comparison counts as eight. A comparison takes about 0.1 µs. With long names it takes 0.4 µs, but 128 KiB have
 * room for at most 70,000 such comparisons. Honest CAs have about a hundred constraints, for as many names.
 */
export const maxComparisons = 250_000;
/**
 * The maximum number of certificates in an OCSP response: only the signer's is needed, and some responders send the
 * chain above it. Each certificate can cost a signature verification.
 */
export const maxResponders = 4;
/**
 * The maximum time in milliseconds by which the thisUpdate of an OCSP response may be ahead of our clock: clocks of
 * servers and pages are minutes apart.
 */
export const maxClockSkew = 300_000;
/**
 * The maximum age in milliseconds of an OCSP response without nextUpdate: a week, the usual lifetime of responses with
 * nextUpdate (RFC 6960 §4.2.2.1 sets no limit).
 */
export const maxStatusAge: number = 7 * 24 * 3600 * 1000;
/**
 * The maximum length in bytes of an OCSP response that a server sends: the response must fit into a handshake message.
 * Real responses have 500 to 2,500 bytes.
 */
export const maxOcspResponse: number = maxHandshakeMessage - 4;
/**
 * The time in milliseconds that a server waits for the application's OCSP response: a handshake without a response is
 * better than no handshake.
 */
export const ocspResponseTimeout = 1_000;
/**
 * The maximum length in bytes of the names in a CertificateRequest: the RFC allows 65,535, but peers would then refuse
 * the whole message as too long, and so would we (`maxHandshakeMessage`).
 */
export const maxAuthorityNames = 65_000;
/**
 * The maximum length in bytes of all messages of a handshake together. No honest handshake needs more, and a connection
 * may have to store all messages until CertificateVerify.
 */
export const maxTranscript: number = 2 ** 18;
/**
 * The maximum number of empty records in a row, the same as BoringSSL's. OpenSSL sends one as a CBC countermeasure, and
 * no honest peer sends more than a few.
 */
export const maxEmptyRecords = 32;
/** The maximum number of warning alerts in a row, the same as BoringSSL's. */
export const maxWarningAlerts = 4;
/**
 * The maximum number of renegotiations that we refuse before the connection ends: an honest peer has no reason to try
 * again after a refusal.
 */
export const maxRefusals = 3;
/**
 * The maximum number of HelloRequests that a client ignores during a handshake: RFC 5246 §7.4.1.1 says that clients
 * ignore them, but not how many.
 */
export const maxHelloRequests = 4;
/**
 * The minimum length of a pre-shared key in bytes: 128 bits (RFC 9257 §6). An attacker can guess a shorter key from one
 * handshake: with plain PSK from a recorded one, with ECDHE_PSK from one in which it posed as the server (RFC 4279
 * §7.2).
 */
export const minPskLength = 16;
/**
 * The maximum length in bytes of a PSK identity, an identity hint or a pre-shared key. RFC 4279 §5.3 requires support
 * for identities of 128 bytes and keys of 64 bytes.
 */
export const maxPskLength = 1024;
/**
 * The maximum length in bytes of a session's state in a ticket, which the client sends in every ClientHello. A client's
 * verified path takes a few KiB.
 */
export const maxTicketState: number = 2 ** 14;
/**
 * The maximum length in bytes of a ticket that a client stores. The client puts it into each ClientHello, whose
 * extensions have at most 65,535 bytes together. The tickets of our own server are at most about half as long.
 */
export const maxTicket: number = 2 ** 15;
/**
 * The default lifetime of a session in seconds. It is short, because the peer's certificate may be revoked in the
 * meantime.
 */
export const sessionLifetime = 7_200;
/**
 * The time in seconds after a full handshake within which its session can be resumed, however often the session is
 * renewed. RFC 5246 §F.1.4 suggests 24 hours.
 */
export const maxSessionAge = 86_400;
/**
 * The time in milliseconds that a connection waits for a session store or a source of ticket keys. After that it goes
 * on without the session or the keys, because a slow store should not cost more time than the full handshake that it
 * saves.
 */
export const storeTimeout = 250;
/**
 * The maximum size in bytes of the sessions in a memory store, each counted with `itemOverhead`: about nine thousand
 * sessions without client certificates.
 */
export const maxStoreBytes: number = 2 ** 22;
/**
 * The interval in milliseconds at which a memory store removes expired sessions while it is in use. Searching for them
 * at each use would cost more time than a session saves.
 */
export const sweepInterval = 60_000;
/**
 * The maximum number of bytes of keying material that one call exports: the largest unsigned 16-bit number, as in TLS
 * 1.3. Applications need no more than a few keys.
 */
export const maxExport: number = 2 ** 16 - 1;
/** The maximum number of records that we send with one key: the safe number for AES-GCM (RFC 8446 §5.5). */
export const maxRecordsSent: number = 2 ** 24.5;
/**
 * The maximum number of records that we receive with one key: six bytes of the sequence number, well below 2^53, up to
 * which JavaScript numbers are exact. The sender must keep to the safe number for the cipher (RFC 8446 §5.5).
 */
export const maxRecordsReceived: number = 2 ** 48;
/**
 * The number of received bytes that may wait while a promise of ours is pending or the application does not read. With
 * more, the connection asks the transport to pause. The number is eight full records.
 */
export const highWaterInbound: number = 2 ** 17;
/**
 * The maximum number of received bytes that may wait if the transport cannot pause (a page's WebSocket whose server
 * does not speak credit). With more, the connection ends. The number is one second of data at 134 Mbit/s.
 */
export const maxInboundBytes: number = 2 ** 24;
/** The minimum number of bytes by which each credit exceeds the one before, so that credit is cheap to process. */
export const minCreditStep: number = 2 ** 16;
/** The maximum number of bytes that a peer's credit may be ahead of the bytes sent. */
export const maxCreditAhead: number = 2 ** 24;
/**
 * The number of bytes that storing one piece of data takes in addition to its contents. Limits count it with each
 * piece; otherwise a flood of tiny pieces would take a hundred times the memory that the limit allows.
 */
export const itemOverhead = 256;
/**
 * The maximum length in bytes of a WebSocket message that we send. The transports of `@handclasp/node` refuse longer
 * messages, because the 100 MiB that the `ws` package accepts by default let a peer fill memory.
 */
export const maxTransportMessage: number = 2 ** 20;
/**
 * The maximum number of bytes of data in one message of the transport: four full records, which share the cost of the
 * message.
 */
export const maxMessageData: number = 2 ** 16;
/**
 * The number of microtasks that a flush waits for the next write. A writer that awaits each write makes the next one
 * after three microtasks, and after a few more through a pipe of streams.
 */
export const maxIdleMicrotasks = 12;
/**
 * The maximum length of such a message in bytes: four full records with their headers and the overhead of protection.
 */
export const maxMessageLength: number = maxMessageData + 2 ** 10;
/**
 * The maximum number of bytes that all connections of a process together send in one turn of the event loop, and the
 * maximum number that they process. A socket often accepts everything at once, so without the limit a writer would
 * never stop: no callback would run, and no other connection would be read. The number keeps sockets busy until the
 * next turn.
 */
export const turnBudget: number = 2 ** 21;
/**
 * The number of bytes of that budget that a received record takes in addition to its contents. Processing a tiny record
 * takes 5 to 10 µs, so a turn has at most 64 of them and lasts about half a millisecond, for which other connections
 * wait. With 4 KiB, the time of as much data, a flood of tiny records took 4 ms of each turn.
 */
export const recordCost: number = 2 ** 15;
/**
 * The time in milliseconds within which the host must begin its next turn. After that, a timer begins it, so that one
 * transport that never calls back cannot stop all connections.
 */
export const turnTimeout = 100;
/**
 * The maximum number of waiting connections that resume in the next turn: with a message of 64 KiB from each, they use
 * up the budget.
 */
export const resumedInTurn = 32;
/**
 * The default time limit of a handshake in milliseconds: two round trips on a slow network and cryptography in
 * JavaScript fit into it.
 */
export const handshakeTimeout = 10_000;
/**
 * The default time limit of `close` in milliseconds: for the data that was written before it, our close_notify and the
 * peer's close_notify.
 */
export const closeTimeout = 5_000;
/**
 * The time in milliseconds that a closed connection waits for records that are still being sealed: an alert should not
 * be lost, but a provider that never answers must not delay the end.
 */
export const sealTimeout = 2_000;
/**
 * After the peer's close_notify, the connection checks at this interval, in milliseconds, whether it is idle. If the
 * transport has ended too, one interval without a write is enough to close our side: the peer is gone, or waits only
 * for us.
 */
export const idleCheckInterval = 1_000;
/**
 * The time in milliseconds after which we answer the peer's close_notify with ours although the application neither
 * reads the end nor writes. It is shorter than `closeTimeout`, after which the peer's `close` fails, but as long as
 * possible, because the application may still be about to answer.
 */
export const unansweredCloseGrace = 4_000;
/**
 * The maximum number of iterations of PBKDF2 over a passphrase: about twice OWASP's 1,300,000 for SHA-1, the highest
 * number that any guideline recommends. In JavaScript, three million iterations take half a minute.
 */
export const maxIterations = 3_000_000;
/**
 * The maximum number of bytes of memory for scrypt over a passphrase: four times the memory for OpenSSL's default
 * parameters (N = 16,384, r = 8).
 */
export const maxScryptMemory: number = 2 ** 26;
/**
 * The time in milliseconds that an error waits for the chunk that explains it. Without the chunk, the error is shorter
 * and may lack the remedy.
 */
export const explanationTimeout = 2_000;
/**
 * The default for the maximum length in bytes of a received message (docs/message-framing.md). A peer can make us hold
 * one such message.
 */
export const maxMessage: number = 2 ** 24;
/** The maximum length in bytes of an opening, which contains a path, a query and protocols. */
export const maxOpening: number = 2 ** 14;
/**
 * The number of bytes of received messages that may wait to be read, and of messages to send that may wait for the
 * channel. With more, the message connection does not read, and a writer that awaits waits.
 */
export const highWaterMessages: number = 2 ** 16;
/** The maximum number of pings of ours without an answer. */
export const maxPings = 64;
/**
 * The number of messages in a row that are dropped without an error after the peer's Close, while messages before the
 * Close wait to be read. An application may have stopped to read, and send for ever.
 */
export const maxUnheard = 64;
/**
 * The number of times that a session continues on another connection after `close`. Each connection begins the time
 * limits of closing anew, and a peer that never answers our Close could return for ever.
 */
export const maxClosingReturns = 4;
/**
 * The number of bytes of our messages without an acknowledgement from which on a writer of a session waits: more than a
 * fast connection carries until an acknowledgement comes back.
 */
export const highWaterSession: number = 2 ** 21;
/**
 * The default for the maximum number of bytes of messages that a session keeps: twice the number that a writer that
 * awaits needs.
 */
export const maxSessionQueue: number = 2 ** 22;
/**
 * A session acknowledges messages after this many of them, after this many bytes or UTF-16 units in them, or this many
 * milliseconds after the first. The number of bytes is an eighth of `highWaterSession`, so that a writer of long
 * messages does not wait for the time.
 */
export const ackEvery = 32;
export const ackBytes: number = 2 ** 18;
export const ackDelay = 100;
/**
 * The default time in milliseconds for which a server keeps a session without a connection: a phone may change its
 * network.
 */
export const sessionKeepTime = 60_000;
/**
 * The default for the maximum memory for messages of all sessions without a connection, in bytes: sixteen full queues.
 * Anyone can begin a session and leave it.
 */
export const maxKeptBytes: number = 2 ** 26;
/**
 * The default for the maximum memory for messages of all sessions with a connection, in bytes: sixty-four full queues.
 * A client that takes no messages, or sends them faster than the application takes them, fills two.
 */
export const maxOpenBytes: number = 2 ** 28;
/** The default for the maximum number of sessions without a connection. Each may keep `maxSessionQueue` bytes. */
export const maxKeptSessions = 1_000;

/**
 * The default time in milliseconds that one read or write of plain text before TLS may take. A command of SMTP may take
 * five minutes (RFC 5321 §4.5.3.2), but those before STARTTLS need no work of the server.
 */
export const plainTimeout = 60_000;
/** A connection before TLS pauses its transport while more unread bytes wait. Protocols send a few lines before TLS. */
export const highWaterPlain: number = 2 ** 16;
/** The most unread bytes before TLS, if the transport cannot pause: one message of a WebSocket. */
export const maxUnreadPlain: number = 2 ** 20;
/** The default limit of a line before TLS in bytes, without its end: eight times that of SMTP (RFC 5321 §4.5.3.1.5). */
export const maxPlainLine = 4_096;
