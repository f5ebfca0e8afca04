import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { ocsp } from "@handclasp/core/ocsp";
import { toBase64 } from "@handclasp/core/unstable";

import {
  type ConnectOptions,
  type Credential,
  connect,
  createServer,
  nodeCredential,
  type Session,
  type TlsError,
  type TlsServer,
} from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { authority, type Issued, purposes } from "./openssl.ts";

const openssl = authority();
afterAll(() => openssl.remove());
if (!openssl.version) openssl.remove(); // if all tests are skipped, afterAll does not run
const command = process.env.HANDCLASP_OPENSSL || "openssl";

function issueAll() {
  const ca = openssl.issue("p256", purposes.signing);
  const good = openssl.issue("p256", purposes.serving, ca);
  const revoked = openssl.issue("rsa", purposes.serving, ca);
  const must = openssl.issue("p256", [...purposes.serving, "tlsfeature=status_request"], ca);
  const strict = openssl.issue("p256", [...purposes.serving, "tlsfeature=critical,status_request"], ca);
  const responder = openssl.issue("p256", purposes.responding, ca);
  for (const one of [good, must, strict]) openssl.record(one, "valid");
  openssl.record(revoked, "revoked");
  const respond = (of: Issued): Uint8Array => openssl.respond({ of, by: ca, signer: responder });
  return { ca, good, revoked, must, strict, respond };
}

const timestamps = Uint8Array.of(0, 5, 0, 3, 1, 2, 3);

describe.skipIf(!openssl.version)(`OCSP with responses of ${openssl.version ?? "openssl, not installed"}`, () => {
  const issued = openssl.version ? issueAll() : undefined!;
  const ended: (() => unknown)[] = [];
  afterAll(() => Promise.all(ended.map((end) => end())));

  /** The result of our client's connection to a server on this port. */
  async function outcomeOf(port: number, options: Partial<ConnectOptions>): Promise<Partial<Session & TlsError>> {
    try {
      const channel = await connect(`tcp://127.0.0.1:${port}`, {
        ca: issued.ca.cert,
        serverName: "localhost",
        ...options,
      });
      const { session } = channel;
      await channel.close().catch(() => {});
      return session;
    } catch (error) {
      return error as TlsError;
    }
  }

  describe("our client, connected to a node:tls server,", () => {
    async function listen(one: Issued, response: Uint8Array | undefined): Promise<number> {
      const server = createTlsServer({ cert: one.cert, key: one.key, maxVersion: "TLSv1.2" }, (socket) => {
        socket.on("error", () => socket.destroy());
        socket.resume();
      });
      server.on("tlsClientError", () => {});
      server.on("OCSPRequest", (_certificate, _issuer, callback: (error: null, response: Buffer | null) => void) =>
        callback(null, response ? Buffer.from(response) : null),
      );
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      ended.push(() => server.close());
      return (server.address() as AddressInfo).port;
    }

    test("reports the status of a good certificate if it checks OCSP", async () => {
      const response = issued.respond(issued.good);
      const port = await listen(issued.good, response);
      for (const policy of [ocsp.check, ocsp.require])
        expect(await outcomeOf(port, { ocsp: policy })).toMatchObject({ ocspResponse: response, ocspStatus: "good" });
      const unchecked = await outcomeOf(port, { ocsp: ocsp.request });
      expect(unchecked).toMatchObject({ ocspResponse: response });
      expect(unchecked.ocspStatus).toBeUndefined();
      expect((await outcomeOf(port, {})).ocspResponse).toBeUndefined();
    });

    test("refuses a revoked certificate", async () => {
      const port = await listen(issued.revoked, issued.respond(issued.revoked));
      expect(await outcomeOf(port, { ocsp: ocsp.check })).toMatchObject({
        code: "revoked",
        alert: "certificate_revoked",
      });
    });

    test("refuses a server without a response only with ocsp.require", async () => {
      const port = await listen(issued.good, undefined);
      expect((await outcomeOf(port, { ocsp: ocsp.check })).ocspResponse).toBeUndefined();
      expect(await outcomeOf(port, { ocsp: ocsp.require })).toMatchObject({ code: "ocsp_missing" });
    });

    test("refuses a must-staple certificate without a response if it checks OCSP", async () => {
      for (const one of [issued.must, issued.strict]) {
        expect(await outcomeOf(await listen(one, undefined), {})).toMatchObject({ serverName: "localhost" });
        expect(await outcomeOf(await listen(one, undefined), { ocsp: ocsp.check })).toMatchObject({
          code: "ocsp_missing",
        });
        const port = await listen(one, issued.respond(one));
        expect(await outcomeOf(port, { ocsp: ocsp.check })).toMatchObject({ ocspStatus: "good" });
      }
    });
  });

  /** Starts our server with the given data for its certificate. */
  async function startServer(one: Issued, more: Partial<Credential>): Promise<number> {
    const credential = nodeCredential({ cert: one.cert, key: one.key, ...more });
    const server: TlsServer = createServer({ credentials: [credential] }, (channel) =>
      channel.readable.pipeTo(channel.writable),
    );
    ended.push(() => server.close());
    return ((await server.listenTcp()).address() as AddressInfo).port;
  }

  describe("a node:tls client, connected to our server,", () => {
    async function response(port: number, requestOCSP: boolean): Promise<Uint8Array | null | undefined> {
      // @types/node does not declare requestOCSP for `connect`, so the options are a variable.
      const options = { port, host: "127.0.0.1", ca: issued.ca.cert, servername: "localhost", requestOCSP };
      const socket = connectTls(options);
      let got: Uint8Array | null | undefined;
      socket.on("OCSPResponse", (bytes: Buffer | null) => {
        got = bytes && new Uint8Array(bytes);
      });
      await once(socket, "secureConnect");
      socket.end();
      await once(socket, "close");
      return got;
    }

    test("receives the response only if it requests one", async () => {
      const bytes = issued.respond(issued.good);
      for (const ocspResponse of [bytes, () => bytes, async () => bytes]) {
        const port = await startServer(issued.good, { ocspResponse });
        expect(await response(port, true)).toEqual(bytes);
        expect(await response(port, false)).toBeUndefined();
      }
    });

    test("receives no response if the server has none", async () => {
      expect(await response(await startServer(issued.good, {}), true)).toBeNull();
    });
  });

  test("s_client receives the OCSP response and the timestamps of our server", async () => {
    const port = await startServer(issued.good, {
      ocspResponse: issued.respond(issued.good),
      signedCertificateTimestamps: timestamps,
    });
    const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2", "-status", "-serverinfo", "18"];
    const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
      const child = execFile(command, [...args, "-CAfile", openssl.file(`${issued.ca.file}.pem`)], (_, stdout) =>
        resolve({ stdout }),
      );
      child.stdin?.end();
    });
    expect(stdout).toContain("OCSP Response Status: successful");
    expect(stdout).toContain("Cert Status: good");
    expect(stdout).toContain("SERVERINFO FOR EXTENSION 18");
    // The list follows four bytes of type and length.
    expect(stdout).toContain(toBase64(Uint8Array.of(0, 18, 0, timestamps.length, ...timestamps)));
    expect(stdout).toContain("Verify return code: 0");
  });

  describe("our client, connected to s_server,", () => {
    async function listen(one: Issued, args: readonly string[]): Promise<number> {
      const probe = createTcpServer().listen(0, "127.0.0.1");
      await once(probe, "listening");
      const { port } = probe.address() as AddressInfo;
      probe.close();
      await once(probe, "close");
      const identity = ["-cert", openssl.file(`${one.file}.pem`), "-key", openssl.file(`${one.file}.key`)];
      const child = spawn(command, ["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_2", ...identity, ...args]);
      ended.push(async () => {
        child.kill("SIGKILL");
      });
      let said = "";
      for await (const bytes of child.stdout) {
        said += String(bytes);
        if (said.includes("ACCEPT")) break;
      }
      child.stdout.on("error", () => {});
      return port;
    }

    test("accepts the OCSP response of -status_file", async () => {
      const response = issued.respond(issued.good);
      const port = await listen(issued.good, ["-status_file", openssl.file("staple.der", response)]);
      expect(await outcomeOf(port, { ocsp: ocsp.require })).toMatchObject({
        ocspResponse: response,
        ocspStatus: "good",
      });
    });

    test("receives the signed certificate timestamps of -serverinfo", async () => {
      const info = Buffer.from([0, 18, 0, timestamps.length, ...timestamps]).toString("base64");
      const text = `-----BEGIN SERVERINFO FOR EXTENSION 18-----\n${info}\n-----END SERVERINFO FOR EXTENSION 18-----\n`;
      const port = await listen(issued.good, ["-serverinfo", openssl.file("info.pem", Buffer.from(text))]);
      const session = await outcomeOf(port, { signedCertificateTimestamps: true });
      expect(session).toMatchObject({ signedCertificateTimestamps: timestamps });
    });

    test("refuses a must-staple certificate without a response", async () => {
      expect(await outcomeOf(await listen(issued.must, []), { ocsp: ocsp.check })).toMatchObject({
        code: "ocsp_missing",
      });
    });
  });
});
