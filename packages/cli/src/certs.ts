/**
 * `handclasp certs`: makes a throw-away CA, and a server certificate and a client certificate that it issues.
 * @module
 */
import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCertificate } from "@handclasp/node";
import { type KeyAlgorithm, testCa } from "@handclasp/testing";
import { orFail } from "./files.ts";

/** Writes `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key`; the CA's private key stays in memory. */
export async function certs(directory: string, names: readonly string[], algorithm: KeyAlgorithm): Promise<void> {
  // First, because keys take time.
  orFail(directory, () => {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  });
  const ca = await testCa({ algorithm });
  const server = await ca.issue({ names, algorithm });
  const client = await ca.issue({ client: true, algorithm });
  const write = (name: string, text: string, mode: number): void => {
    const file = join(directory, name);
    orFail(file, () => {
      rmSync(file, { force: true }); // an existing file would keep its mode
      writeFileSync(file, text, { mode });
    });
    console.log(file);
  };
  write("ca.pem", ca.pem, 0o644);
  write("server.pem", server.cert, 0o644);
  write("server.key", server.key, 0o600);
  write("client.pem", client.cert, 0o644);
  write("client.key", client.key, 0o600);
  console.error(`pin of server.pem ${parseCertificate(server.chain[0] as Uint8Array).pin}`);
}
