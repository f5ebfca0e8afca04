import { createPrivateKey, X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { type KeyAlgorithm, testCa } from "../src/certificates.ts";

const algorithms: KeyAlgorithm[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519"];

describe("testCa", () => {
  test.each(algorithms)(
    "%s: the certificate matches its key, and an authority with the same algorithm issues it",
    async (algorithm) => {
      const ca = await testCa({ algorithm });
      const { cert, key } = await ca.issue({ algorithm, names: ["a.example", "192.0.2.1", "2001:db8::1"] });
      const leaf = new X509Certificate(cert);
      const root = new X509Certificate(ca.pem);
      expect(root.ca && root.verify(root.publicKey) && root.checkIssued(root)).toBe(true);
      expect(leaf.verify(root.publicKey) && leaf.checkIssued(root)).toBe(true);
      expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
      expect(leaf.checkHost("a.example")).toBe("a.example");
      expect(leaf.checkIP("192.0.2.1")).toBe("192.0.2.1");
      expect(leaf.checkIP("2001:db8::1")).toBe("2001:db8::1");
      expect(leaf.ca).toBe(false);
      expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    },
  );

  test("chain and der contain the DER of the same certificates as the PEM", async () => {
    const ca = await testCa();
    const { cert, chain } = await ca.issue();
    expect(new Uint8Array(new X509Certificate(ca.pem).raw)).toEqual(ca.der);
    expect(new Uint8Array(new X509Certificate(cert).raw)).toEqual(chain[0]);
  });

  test("a certificate has the validity, the common name and the purpose that the options set", async () => {
    const ca = await testCa();
    const notBefore = new Date("2020-01-01T00:00:00Z");
    const notAfter = new Date("2055-01-01T00:00:00Z");
    const { cert } = await ca.issue({ client: true, commonName: "device 7", notBefore, notAfter });
    const leaf = new X509Certificate(cert);
    expect(new Date(leaf.validFrom)).toEqual(notBefore);
    expect(new Date(leaf.validTo)).toEqual(notAfter);
    expect(leaf.subject).toBe("CN=device 7");
    expect(leaf.subjectAltName).toBeUndefined();
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  test.each(["ecdsa-p256", "rsa-2048"] as const)(
    "OpenSSL accepts a server's chain with an intermediate, and a client's certificate (%s)",
    async (algorithm) => {
      const ca = await testCa();
      const intermediate = await ca.intermediate({ algorithm });
      const server = await intermediate.issue({ algorithm });
      const client = await ca.issue({ algorithm, client: true });
      expect(server.chain).toHaveLength(2);
      const listener = createServer(
        { ...server, ca: ca.pem, requestCert: true, maxVersion: "TLSv1.2" },
        (socket: TLSSocket) => {
          socket.end(socket.authorized ? "yes" : `no: ${socket.authorizationError}`);
        },
      );
      await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
      const { port } = listener.address() as { port: number };
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect({ ...client, port, host: "127.0.0.1", ca: ca.pem });
        socket.on("data", (data) => resolve(String(data)));
        socket.on("error", reject);
      }).finally(() => listener.close());
      expect(answer).toBe("yes");
    },
  );
});
