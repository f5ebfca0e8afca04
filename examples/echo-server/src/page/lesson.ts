/**
 * The texts of the lesson: the textbook's seven steps, and the purpose of each message.
 * @module
 */
import type { CipherSuite, KeyExchange } from "@handclasp/core";

export interface Step {
  readonly name: string;
  readonly direction: "sent" | "received" | "both";
  readonly text: string;
}

/** The seven steps of the textbook's handshake, which the page shows before the first connection. */
export const steps: readonly Step[] = [
  {
    name: "ClientHello",
    direction: "sent",
    text: "“Hello. Here is my random value, and the cipher suites that I support.”",
  },
  { name: "ServerHello", direction: "received", text: "“We use this cipher suite. Here is my random value.”" },
  { name: "Certificate", direction: "received", text: "“This is my name and my public key. A CA has signed them.”" },
  { name: "ServerHelloDone", direction: "received", text: "“I have sent everything. It is your turn.”" },
  {
    name: "ClientKeyExchange",
    direction: "sent",
    text: "“With this message, we both get the premaster secret. No one else can.”",
  },
  {
    name: "Master secret",
    direction: "both",
    text: "Each side computes it from the premaster secret and the messages so far. No message contains it.",
  },
  { name: "Session keys", direction: "both", text: "Each side derives the same keys from the master secret." },
];

/** The purpose of the seven steps, which the page shows after them. */
export const thenData: Step = {
  name: "Then: application data",
  direction: "both",
  text: "After a ChangeCipherSpec and a Finished from each side, all data is encrypted and protected against changes.",
};

interface Lesson {
  /** The step's number, from 1. Absent if the message is not one of the seven steps. */
  readonly step?: number;
  readonly text: string;
}

type Words = (keyExchange: KeyExchange["name"]) => Lesson;

const always =
  (lesson: Lesson): Words =>
  () =>
    lesson;

const certificateLesson =
  "The server sends its certificate: its name and its public key, signed by a certification " +
  "authority that the client trusts. The client checks the signature, the validity period and the " +
  "host name.";

const messages: Readonly<Record<string, Words>> = {
  client_hello: always({
    step: 1,
    text:
      "The client begins. It sends 32 random bytes, so that no two connections have the same " +
      "keys, and lists the cipher suites, groups and signature schemes that it supports. Anyone " +
      "on the path can read this message.",
  }),
  server_hello: always({
    step: 2,
    text:
      "The server chooses one suite from the client’s list and adds 32 random bytes of its own. " +
      "The keys depend on both random values, so neither side determines them alone, and an " +
      "attacker cannot replay a recorded handshake.",
  }),
  certificate: (keyExchange) => ({
    step: 3,
    text: `${certificateLesson} ${
      keyExchange === "rsa"
        ? "The client will encrypt the premaster secret with this public key."
        : "The client will verify the signature in ServerKeyExchange with this public key."
    }`,
  }),
  server_key_exchange: always({
    text:
      "The textbook’s RSA handshake does not have this message. ServerKeyExchange carries an ephemeral " +
      "public key, which the server made only for this connection. The server signs this key, together " +
      "with both random values, with the certificate’s private key. An attacker who steals the " +
      "certificate’s private key later still cannot decrypt this connection. This property is called " +
      "forward secrecy.",
  }),
  certificate_request: always({ text: "The server asks the client for a certificate, to learn who the client is." }),
  certificate_status: always({
    text: "A recent OCSP response: the CA’s signed statement about whether the certificate is revoked.",
  }),
  server_hello_done: always({
    step: 4,
    text:
      "An empty message: a header of four bytes and no body. The server has sent everything and " +
      "waits for the client.",
  }),
  client_key_exchange: (keyExchange) => ({
    step: 5,
    text:
      keyExchange === "rsa"
        ? "The core of the textbook’s handshake: the premaster secret, encrypted with the " +
          "certificate’s public key. Only the certificate’s private key can decrypt it. (An attacker " +
          "who steals that key, even years later, can decrypt every recorded connection. Therefore " +
          "ECDHE replaced RSA key exchange.)"
        : "The client’s own ephemeral public key. Each side now combines its private key with the " +
          "other side’s public key. Both sides get the same premaster secret, which no message contains.",
  }),
  certificate_verify: always({
    text:
      "The client signs all handshake messages so far, which proves that it holds the private " +
      "key of its certificate.",
  }),
  new_session_ticket: always({
    text:
      "The session’s state, encrypted with a key that only the server has. A client that " +
      "presents the ticket next time gets a shorter handshake.",
  }),
  finished: always({
    text:
      "The first encrypted message. It contains a value that the sender computes from the master secret " +
      "and a hash of all earlier handshake messages. If anyone had changed one bit of the handshake, the " +
      "two sides would compute different values, and the connection would end here.",
  }),
};

/** The lesson about a handshake message. */
export const lessonOf = (name: string, keyExchange: KeyExchange["name"]): Lesson =>
  messages[name]?.(keyExchange) ?? { text: "" };

export const changeCipherSpec: string =
  "One byte that announces that the sender encrypts all later records with the new keys. " +
  "ChangeCipherSpec is not a handshake message, so the hash in Finished does not cover it.";

export const applicationData =
  "The purpose of the handshake. No one on the path can read the data, and the receiver detects every change.";

/** The meaning of a message, in a few words. */
export const gistOf = (name: string, keyExchange: KeyExchange["name"]): string => gists[name]?.(keyExchange) ?? "";

const gists: Readonly<Record<string, (keyExchange: KeyExchange["name"]) => string>> = {
  certificate: () => "My name and my public key, signed by a CA.",
  server_key_exchange: () => "My ephemeral public key, signed.",
  certificate_request: () => "Please send me a certificate.",
  server_hello_done: () => "I have sent everything. It is your turn.",
  client_key_exchange: (keyExchange) =>
    keyExchange === "rsa" ? "The premaster secret, encrypted with your public key." : "My own ephemeral public key.",
  certificate_verify: () => "My signature over all messages so far.",
  new_session_ticket: () => "For a shorter handshake next time.",
  finished: () => "A proof that we both saw the same messages, encrypted.",
};

/** Turns `client_hello` into `ClientHello`, the spelling in the figures of RFC 5246. */
export const messageTitle = (name: string): string =>
  name.replace(/(^|_)([a-z])/g, (_, _underscore, letter: string) => letter.toUpperCase());

/** The parts of a protected record's fragment, from its first byte to its last. */
export function protectedParts(
  suite: CipherSuite,
  length: number,
): readonly { readonly name: string; readonly length: number }[] {
  if (suite.mac)
    return [
      { name: "initialization vector", length: 16 },
      { name: "encrypted data and padding, with the MAC", length: length - 16 },
    ];
  // The part of the nonce that the record contains: 8 bytes with GCM, none with ChaCha20-Poly1305.
  const explicitNonce = 12 - suite.fixedIvLength;
  return [
    { name: "explicit nonce", length: explicitNonce },
    { name: "encrypted data", length: length - explicitNonce - 16 },
    { name: "authentication tag", length: 16 },
  ].filter((part) => part.length > 0);
}
