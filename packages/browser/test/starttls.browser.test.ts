/** STARTTLS over the WebSocket of a page. The server runs in the page too, behind the relay. */
import { plainServer } from "@handclasp/core/starttls";
import { testCa } from "@handclasp/testing";
import { expect, inject, test } from "vitest";
import { browserCredential } from "../src/crypto/credential.ts";
import { webCrypto } from "../src/crypto/webCrypto.ts";
import { plain } from "../src/starttls.ts";
import { webSocketTransport } from "../src/transport/webSocket.ts";

const relay = inject("relay");
const ca = await testCa();
const issued = await ca.issue();
let pairs = 0;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (part: Uint8Array | undefined): string => new TextDecoder().decode(part);

async function openPair() {
  const id = `plain${++pairs}`;
  const near = new WebSocket(`${relay}/a/${id}`);
  await new Promise((resolve) => near.addEventListener("open", resolve));
  const server = plainServer(webSocketTransport(near));
  const client = plain(webSocketTransport(new WebSocket(`${relay}/b/${id}`)));
  return { server, client };
}

test("a page starts TLS in both roles", async () => {
  const { server, client } = await openPair();
  const credentials = [await browserCredential(issued)];
  const serving = (async () => {
    await server.write(bytes("* OK ready\r\n"));
    expect(await server.readLine()).toBe("a STARTTLS");
    const channel = await server.startTls({ provider: webCrypto, credentials }, { goAhead: bytes("a OK go\r\n") });
    await channel.write(bytes(`got ${textOf(await channel.read())}`));
    await channel.close();
  })();
  expect(await client.readLine()).toBe("* OK ready");
  await client.write(bytes("a STARTTLS\r\n"));
  expect(await client.readLine()).toBe("a OK go");
  const channel = await client.startTls({ ca: ca.pem, serverName: "localhost" });
  await channel.write(bytes("hello"));
  let answer = "";
  for await (const part of channel) answer += textOf(part);
  expect(answer).toBe("got hello");
  await serving;
});

test("a page refuses bytes behind the go-ahead", async () => {
  const { server, client } = await openPair();
  await server.write(bytes("a OK go\r\n* OK injected\r\n"));
  expect(await client.readLine()).toBe("a OK go");
  await expect(client.startTls({ ca: ca.pem, serverName: "localhost" })).rejects.toMatchObject({
    code: "unread_plaintext",
  });
  server.close();
});
