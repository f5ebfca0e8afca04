import { opensslCiphers, ownArguments, ownProgram, type Peer, psk, type Role } from "../peer.ts";

const role = (name: "client" | "server"): Role => ({
  speaks: "echo",
  commands: (task) => [
    {
      program: "node",
      args: [ownProgram("nodeTls.mjs"), ...ownArguments(name, task, opensslCiphers(task.keyExchange))],
      inputEnds: true,
      env: { PSK_IDENTITY: psk.identity, PSK_HEX: psk.hex },
    },
  ],
});

export const nodeTls: Peer = {
  name: "node:tls",
  packages: ["nodejs"],
  programs: ["node"],
  version: ["node", "-p", "'Node.js ' + process.versions.node + ', OpenSSL ' + process.versions.openssl"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA", "ECDHE_PSK", "PSK"],
  client: role("client"),
  server: role("server"),
};
