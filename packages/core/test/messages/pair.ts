import { accept, connect, type TlsConnection } from "@handclasp/core";
import {
  type AcceptMessagesOptions,
  acceptMessages,
  type Messages,
  messageProtocols,
  type OpenMessagesOptions,
  openMessages,
} from "@handclasp/core/messages";
import { memoryPair, testCa } from "@handclasp/testing";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** A channel in memory, by default with the ALPN protocols of the framing. */
export async function channels(
  alpn: readonly string[] = messageProtocols,
): Promise<{ readonly client: TlsConnection; readonly server: TlsConnection }> {
  const { a, b } = memoryPair();
  const [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", alpn: messageProtocols }),
    accept(b, { provider: nodeCrypto, credentials: [credential], alpn }),
  ]);
  return { client, server };
}

/** Two ends of a message connection. */
export async function messagePair(
  clientOptions: OpenMessagesOptions = {},
  serverOptions: AcceptMessagesOptions = {},
): Promise<{ readonly client: Messages; readonly server: Messages }> {
  const { client, server } = await channels();
  const [opened, accepted] = await Promise.all([
    openMessages(client, clientOptions),
    acceptMessages(server, serverOptions),
  ]);
  return { client: opened, server: accepted.messages };
}
