/**
 * Certificates and keys for all peers, in memory and in a folder.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type IssuedCertificate, testCa } from "@handclasp/testing";
import type { Files, Identity } from "./peer.ts";

/** The certificates and keys: as files for the peers, and as values for our side. */
export interface Material {
  readonly files: Files;
  readonly ca: string;
  readonly server: Readonly<Record<"ecdsa" | "rsa", IssuedCertificate>>;
  readonly client: IssuedCertificate;
  readonly payload: string;
  remove(): void;
}

export async function makeMaterial(): Promise<Material> {
  const folder = mkdtempSync(join(tmpdir(), "handclasp-peers-"));
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const identity = (name: string, { cert, key }: IssuedCertificate): Identity => ({
    cert: file(`${name}.pem`, cert),
    key: file(`${name}.key`, key),
  });
  const ca = await testCa();
  const [ecdsa, rsa, client] = await Promise.all([
    ca.issue(),
    ca.issue({ algorithm: "rsa-2048" }),
    ca.issue({ client: true }),
  ]);
  const lines = Array.from({ length: 48 }, () =>
    Buffer.from(crypto.getRandomValues(new Uint8Array(30))).toString("hex"),
  );
  const payload = `${lines.join("\n")}\n`;
  return {
    files: {
      folder,
      ca: file("ca.pem", ca.pem),
      server: { ecdsa: identity("ecdsa", ecdsa), rsa: identity("rsa", rsa) },
      client: identity("client", client),
      payload: file("payload.txt", payload),
    },
    ca: ca.pem,
    server: { ecdsa, rsa },
    client,
    payload,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
