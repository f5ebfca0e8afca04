/**
 * A server's ServerHello, in a full and in an abbreviated handshake (RFC 5246 §7.4.1.3).
 * @module
 */
import { type ClientHello, type ServerHello, tls12 } from "../wire/messages.ts";
import type { Agreement, HelloResults } from "./agreement.ts";
import type { ServerConfig } from "./config.ts";
import { serverExtensions } from "./extensions/all.ts";
import { type AnswerContext, answerExtensions } from "./extensions/extension.ts";

/**
 * Returns the ServerHello to send, and the results of both hellos.
 * @param sessionIdFor returns the session_id for the agreement that the extensions make
 */
export function answerHello(
  config: ServerConfig,
  hello: ClientHello,
  context: Omit<AnswerContext, "config">,
  sessionIdFor: (agreement: Agreement) => Uint8Array,
): { readonly message: ServerHello; readonly hellos: HelloResults } {
  const { agreement, extensions } = answerExtensions(serverExtensions, { ...context, config });
  const random = config.random(32);
  return {
    message: {
      serverVersion: tls12,
      random,
      sessionId: sessionIdFor(agreement),
      cipherSuite: agreement.suite.id,
      compressionMethod: 0,
      extensions,
    },
    hellos: { agreement, clientRandom: hello.random, serverRandom: random },
  };
}
