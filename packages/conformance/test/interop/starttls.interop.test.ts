/**
 * STARTTLS with programs that speak the protocols: openssl s_client and psql as clients, PostgreSQL as a server.
 */
import { type AddressInfo, createServer as listen } from "node:net";
import { connectTcp, createServer, nodeCredential, type TlsConnection, tcpTransport } from "@handclasp/node";
import { type PlainConnection, plain, plainServer } from "@handclasp/node/starttls";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { find, run, start } from "../../src/interop/programs.ts";
import { startPostgres } from "../../src/interop/services.ts";

const material = await makeMaterial();
afterAll(() => material.remove());
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A PostgreSQL message: its length with the length field, and its body. */
function message(body: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
/** The request of TLS: the code 1234.5679. */
const sslRequest = message(Uint8Array.of(4, 210, 22, 47));

type Plain = PlainConnection<Parameters<ReturnType<typeof plainServer>["startTls"]>[0]>;

/** Answers lines of plain text from a table until the last of its lines, and returns the answer to that one. */
const lines =
  (greeting: string, answers: Readonly<Record<string, string>>) =>
  async (connection: Plain): Promise<string> => {
    if (greeting) await connection.write(bytes(greeting));
    const last = Object.keys(answers).at(-1);
    for (;;) {
      const line = await connection.readLine();
      const command = Object.keys(answers).find((start) => line?.startsWith(start));
      if (line === undefined || command === undefined) throw new Error(`an unexpected line: ${line}`);
      const answer = answers[command] as string;
      if (command === last) return answer;
      await connection.write(bytes(answer));
    }
  };

/** For each protocol of s_client: what is said before TLS. It resolves with the go-ahead. */
const protocols: Readonly<Record<string, (connection: Plain) => Promise<string>>> = {
  smtp: lines("220 ready\r\n", { EHLO: "250-here\r\n250 STARTTLS\r\n", STARTTLS: "220 go\r\n" }),
  imap: lines("* OK ready\r\n", {
    ". CAPABILITY": "* CAPABILITY IMAP4rev1 STARTTLS\r\n. OK done\r\n",
    ". STARTTLS": ". OK go\r\n",
  }),
  pop3: lines("+OK ready\r\n", { STLS: "+OK go\r\n" }),
  nntp: lines("200 ready\r\n", { CAPABILITIES: "101 list\r\nSTARTTLS\r\n.\r\n", STARTTLS: "382 go\r\n" }),
  ftp: lines("220 ready\r\n", { FEAT: "211-list\r\n AUTH TLS\r\n211 end\r\n", "AUTH TLS": "234 go\r\n" }),
  async postgres(connection) {
    expect(Buffer.from((await connection.read(8)) ?? [])).toEqual(Buffer.from(sslRequest));
    return "S";
  },
};

/** Listens on a port, speaks plain text, and gives the channel to the handler. */
async function serve(
  speak: (connection: Plain) => Promise<string>,
  handler: (channel: TlsConnection) => Promise<void>,
): Promise<{ port: number; errors: unknown[]; close(): Promise<unknown> }> {
  const errors: unknown[] = [];
  const server = createServer(
    { credentials: nodeCredential(material.server.ecdsa), onError: (error) => errors.push(error) },
    handler,
  );
  const accept = async (connection: Plain): Promise<void> => {
    try {
      await connection.startTls(server, { goAhead: bytes(await speak(connection)) });
    } catch (error) {
      errors.push(error);
      connection.abort();
    }
  };
  const listener = listen({ allowHalfOpen: true }, (socket) => void accept(plainServer(tcpTransport(socket))));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<unknown> => {
    listener.close();
    return server.close({ grace: 0 });
  };
  return { port: (listener.address() as AddressInfo).port, errors, close };
}

const missing = (program: string, path = find(program)): string => (path ? "" : `: no ${program}`);

describe(`openssl s_client -starttls${missing("openssl")}`, () => {
  test.skipIf(!find("openssl")).each(Object.keys(protocols))("%s", async (protocol) => {
    const echo = async (channel: TlsConnection): Promise<void> => {
      let left = material.payload.length;
      for await (const part of channel) {
        await channel.write(part);
        left -= part.length;
        if (left === 0) break;
      }
      // With -quiet, s_client does not close when its input ends.
      await channel.close();
    };
    const { port, errors, close } = await serve(protocols[protocol] as (typeof protocols)[string], echo);
    const to = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-tls1_2", "-starttls", protocol];
    const trust = ["-CAfile", material.files.ca, "-verify_return_error", "-verify_hostname", "localhost"];
    const args = ["s_client", ...to, ...trust, "-quiet", "-nocommands"];
    const output = await run({ program: "openssl", args }, material.payload, material.payload);
    expect(output).toContain(material.payload);
    expect(errors).toEqual([]);
    await close();
  });
});

const psql = find("psql");
test.skipIf(!psql)(`psql verifies the server and starts its session inside TLS${missing("psql")}`, async () => {
  let startup = "";
  const { port, errors, close } = await serve(protocols.postgres as (typeof protocols)[string], async (channel) => {
    startup = Buffer.from((await channel.read()) ?? []).toString("latin1");
    const fault = bytes("SFATAL\0VFATAL\0C28000\0Mthis server only speaks TLS\0\0");
    await channel.write(Buffer.concat([bytes("E"), message(fault)]));
    await channel.close();
  });
  const options = `host=localhost hostaddr=127.0.0.1 port=${port} user=someone dbname=some sslmode=verify-full`;
  const running = start({ program: "psql", args: [`${options} sslrootcert=${material.files.ca}`] });
  expect(await running.exited).toBe(2);
  expect(running.stderr()).toContain("this server only speaks TLS");
  expect(startup).toContain("user\0someone\0");
  expect(errors).toEqual([]);
  await close();
});

const initdb = find("initdb");

test.skipIf(!initdb)(`PostgreSQL's server accepts our client${missing("PostgreSQL", initdb)}`, async () => {
  const server = await startPostgres(material);
  onTestFinished(() => server.stop());
  const postgres = plain(connectTcp({ host: "127.0.0.1", port: server.port }));
  await postgres.write(sslRequest);
  expect(await postgres.read(1)).toEqual(bytes("S"));
  const channel = await postgres.startTls({ ca: material.ca, serverName: "localhost" });
  await channel.write(message(Buffer.from("\0\x03\0\0user\0handclasp\0database\0postgres\0\0", "latin1")));
  let answer = "";
  for await (const part of channel) {
    answer += Buffer.from(part).toString("latin1");
    if (answer.includes("server_version")) break;
  }
  // AuthenticationOk, with the code 0.
  expect(answer.startsWith("R\0\0\0\x08\0\0\0\0")).toBe(true);
  // Terminate.
  await channel.write(Buffer.concat([bytes("X"), message(new Uint8Array())]));
  expect(channel.session.peer?.verifiedBy).toBe("ca");
  await channel.close().catch(() => {});
});
