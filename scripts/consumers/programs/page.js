/** A page's program. scripts/consumers.mjs bundles it with each bundler, and run.js executes the bundles. */
import { connect, TlsError } from "@handclasp/browser";
import { SecureWebSocket } from "@handclasp/browser/websocket";

/** Sends a text to an echo server, and returns the answer. */
export async function echo(url, ca, text) {
  const channel = await connect(url, { ca, serverName: "localhost" });
  await channel.write(new TextEncoder().encode(text));
  const answer = new TextDecoder().decode(await channel.read());
  await channel.close();
  return answer;
}

/** Returns the error of an unknown option. Its text is in a part that a page loads late. */
export async function mistake(url, ca) {
  const error = await connect(url, { ca, servername: "localhost" }).then(undefined, (reason) => reason);
  return TlsError.is(error) ? error.message : `not a TlsError: ${error}`;
}

export const states = [SecureWebSocket.CONNECTING, SecureWebSocket.OPEN];
