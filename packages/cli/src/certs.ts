/**
 * `handclasp certs`: makes a throw-away CA, and a server certificate and a client certificate that it issues.
 * @module
 */
import { accessSync, constants, lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCertificate } from "@handclasp/node";
import { type KeyAlgorithm, testCa } from "@handclasp/testing";
import { UsageError } from "./errors.ts";
import { orFail } from "./files.ts";

const fileNames = ["ca.pem", "server.pem", "server.key", "client.pem", "client.key"] as const;

/**
 * Writes the certificates and keys; the CA's private key stays in memory.
 * @param replaces whether files that exist are replaced, instead of being an error
 */
export async function certs(
  directory: string,
  names: readonly string[],
  algorithm: KeyAlgorithm,
  replaces: boolean,
): Promise<void> {
  // First, because keys take time.
  orFail(directory, () => {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  });
  const existing = fileNames.find((name) => lstatSync(join(directory, name), { throwIfNoEntry: false }));
  if (existing && !replaces)
    throw new UsageError(
      `${join(directory, existing)} exists: choose another folder, or replace the files with --force`,
    );
  const ca = await testCa({ algorithm });
  const server = await ca.issue({ names, algorithm });
  const client = await ca.issue({ client: true, algorithm });
  const write = (name: (typeof fileNames)[number], text: string, mode: number): void => {
    const file = join(directory, name);
    orFail(file, () => {
      if (replaces) rmSync(file, { force: true }); // an existing file would keep its mode
      writeFileSync(file, text, { mode, flag: "wx" });
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
