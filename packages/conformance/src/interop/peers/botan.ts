import { writeFileSync } from "node:fs";
import { authentication, type Files, type KeyExchangeName, type Peer } from "../peer.ts";

/** Botan's names of the key exchange and the signature. */
const methods: Readonly<Partial<Record<KeyExchangeName, readonly [string, string]>>> = {
  ECDHE_ECDSA: ["ECDH", "ECDSA"],
  ECDHE_RSA: ["ECDH", "RSA"],
  RSA: ["RSA", "IMPLICIT"],
  DHE_RSA: ["DH", "RSA"],
};

/** A policy in Botan's text format. */
function policy({ folder }: Files, keyExchange: KeyExchangeName): string {
  const [exchange, signature] = methods[keyExchange] ?? [];
  const file = `${folder}/botan-${keyExchange}.policy`;
  const versions = "allow_tls12 = true\nallow_tls11 = false\nallow_tls10 = false\n";
  writeFileSync(file, `${versions}key_exchange_methods = ${exchange}\nsignature_methods = ${signature}\n`);
  return `--policy=${file}`;
}

export const botan: Peer = {
  name: "Botan",
  packages: ["botan"],
  programs: ["botan"],
  version: ["botan", "version"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA"],
  client: {
    speaks: "echo",
    noClientCertificate: "tls_client has no option for a client certificate",
    commands: ({ files, port, keyExchange, connections }) => {
      const to = ["tls_client", "localhost", `--port=${port}`, policy(files, keyExchange)];
      const trust = ["--skip-system-cert-store", `--trusted-cas=${files.ca}`];
      const kept = [`--session-db=${files.folder}/botan-${port}.db`, "--session-db-pass=handclasp"];
      const command = { program: "botan", args: [...to, ...trust, ...(connections === 2 ? kept : [])] };
      return connections === 2 ? [command, command] : [command];
    },
  },
  server: {
    speaks: "echo",
    noClientCertificate: "tls_server has no option for client certificates",
    noTicket: "tls_server has no key for tickets",
    commands: ({ files, port, keyExchange }) => {
      const { cert, key } = files.server[authentication(keyExchange)];
      return [{ program: "botan", args: ["tls_server", cert, key, `--port=${port}`, policy(files, keyExchange)] }];
    },
  },
};
