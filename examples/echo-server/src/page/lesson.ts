/**
 * The words of the lesson: the textbook's seven steps, and what each message is for.
 * @module
 */
import type { CipherSuite, KeyExchange } from "@handclasp/core";

export interface Step {
  readonly name: string;
  readonly direction: "sent" | "received" | "both";
  readonly text: string;
}

/** The textbook's handshake, as it stands before anything has happened. */
export const steps: readonly Step[] = [
  { name: "ClientHello", direction: "sent", text: "“Let’s talk. Here is a random number, and what I can do.”" },
  { name: "ServerHello", direction: "received", text: "“We’ll use this cipher suite. Here is my random number.”" },
  { name: "Certificate", direction: "received", text: "“This is who I am, and my public key. A CA vouches for it.”" },
  { name: "ServerHelloDone", direction: "received", text: "“That is all from me. Your turn.”" },
  {
    name: "ClientKeyExchange",
    direction: "sent",
    text: "“From this we get the premaster secret. Only you and I can.”",
  },
  {
    name: "Master secret",
    direction: "both",
    text: "Each side makes it from the premaster secret and the two random numbers. It never travels.",
  },
  { name: "Session keys", direction: "both", text: "Each side cuts the same keys out of the master secret." },
];

/** What the seven steps are for. */
export const thenData: Step = {
  name: "Then: application data",
  direction: "both",
  text: "After a ChangeCipherSpec and a Finished from each side, all is encrypted and protected against every change.",
};

interface Lesson {
  /** Counted from 1; absent where the textbook has no number for it. */
  readonly step?: number;
  readonly text: string;
}

type Words = (keyExchange: KeyExchange["name"]) => Lesson;

const always =
  (lesson: Lesson): Words =>
  () =>
    lesson;

const messages: Readonly<Record<string, Words>> = {
  client_hello: always({
    step: 1,
    text: "The client opens. It sends 32 fresh random bytes, so that no two connections ever have the same keys, and lists what it can do: cipher suites, groups, signature schemes. All of this is readable by anybody on the way.",
  }),
  server_hello: always({
    step: 2,
    text: "The server picks one suite from the client’s list and adds 32 random bytes of its own. Both randoms go into the keys, so neither side alone decides them, and a recording cannot be played back.",
  }),
  certificate: (keyExchange) => ({
    step: 3,
    text: `The server names itself and shows its public key, signed by a certification authority that the client trusts. The client checks the signature, the dates and the host name. ${
      keyExchange === "rsa"
        ? "The public key is about to encrypt the premaster secret."
        : "The public key is about to verify the signature in ServerKeyExchange."
    }`,
  }),
  server_key_exchange: always({
    text: "What the textbook’s RSA handshake does not have: a throw-away public key, made for this connection only and signed with the certificate’s private key, together with both randoms. Whoever steals the certificate’s key later still cannot read today’s traffic: forward secrecy.",
  }),
  certificate_request: always({ text: "The server wants to know who the client is: it asks for a certificate." }),
  certificate_status: always({ text: "The CA’s word of today that the certificate has not been revoked." }),
  server_hello_done: always({
    step: 4,
    text: "An empty message: four bytes of header and nothing else. The server has said what it has to say and waits.",
  }),
  client_key_exchange: (keyExchange) => ({
    step: 5,
    text:
      keyExchange === "rsa"
        ? "The heart of the textbook’s handshake: the premaster secret, encrypted to the public key of the certificate. Only the certificate’s private key opens it. (Steal that key, even years later, and every recorded connection opens too; that is why ECDHE replaced it.)"
        : "The client’s own throw-away public key. Each side now combines its private key with the other’s public key and gets the same premaster secret, which itself never travels.",
  }),
  certificate_verify: always({
    text: "The client signs everything said so far, which proves that it holds the private key of its certificate.",
  }),
  new_session_ticket: always({ text: "A sealed note to self: showing it next time makes the handshake shorter." }),
  finished: always({
    text: "The first encrypted message. It holds a hash of everything that was said before, made with the master secret: had anybody changed one bit of the handshake, the two sides would not agree on it and the connection would end here.",
  }),
};

/** What there is to say about a handshake message. */
export const lessonOf = (name: string, keyExchange: KeyExchange["name"]): Lesson =>
  messages[name]?.(keyExchange) ?? { text: "" };

export const changeCipherSpec =
  "One byte that says: from my next record on, everything is encrypted with the keys that we agreed on. Strictly it is no handshake message, and so it is not part of the hash in Finished.";

export const applicationData =
  "What it was all for. On the wire nobody can read it, and nobody can change it without being noticed.";

/** What a message says, in a few words. */
export const gistOf = (name: string, keyExchange: KeyExchange["name"]): string => gists[name]?.(keyExchange) ?? "";

const gists: Readonly<Record<string, (keyExchange: KeyExchange["name"]) => string>> = {
  certificate: () => "Who I am, my public key, and who vouches for it.",
  server_key_exchange: () => "A throw-away public key, signed.",
  certificate_request: () => "Who are you? Show me a certificate.",
  server_hello_done: () => "That is all from me. Your turn.",
  client_key_exchange: (keyExchange) =>
    keyExchange === "rsa" ? "The premaster secret, encrypted to your public key." : "My own throw-away public key.",
  certificate_verify: () => "My signature over all of this.",
  new_session_ticket: () => "For a shorter handshake next time.",
  finished: () => "A hash of all that was said, encrypted.",
};

/** `client_hello` as the RFC writes it: `ClientHello`. */
export const messageTitle = (name: string): string =>
  name.replace(/(^|_)([a-z])/g, (_, _underscore, letter: string) => letter.toUpperCase());

/** What the protection of a suite adds to a record, first to last. */
export function protectedParts(
  suite: CipherSuite,
  length: number,
): readonly { readonly name: string; readonly length: number }[] {
  if (suite.mac)
    return [
      { name: "initialization vector", length: 16 },
      { name: "encrypted: data, MAC and padding", length: length - 16 },
    ];
  const nonce = 12 - suite.fixedIvLength; // of GCM 8 bytes travel, of ChaCha20 none
  return [
    { name: "nonce", length: nonce },
    { name: "encrypted data", length: length - nonce - 16 },
    { name: "authentication tag", length: 16 },
  ].filter((part) => part.length > 0);
}
