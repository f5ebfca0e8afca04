import { writeFileSync } from "node:fs";
import { authentication, isPsk, type KeyExchangeName, type Peer, psk } from "../peer.ts";

const priority = (keyExchange: KeyExchangeName): string =>
  `--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+${keyExchange.replace("_", "-")}`;

export const gnutls: Peer = {
  name: "GnuTLS",
  packages: ["gnutls-bin"],
  programs: ["gnutls-cli", "gnutls-serv"],
  version: ["gnutls-cli", "--version"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA", "ECDHE_PSK", "PSK"],
  client: {
    speaks: "echo",
    lacks: { ECDHE_PSK: "gnutls-cli 3.7.9 crashes when it describes a successful ECDHE_PSK handshake" },
    commands: ({ files, port, keyExchange, clientCertificate, connections }) => {
      const shared = isPsk(keyExchange) ? ["--pskusername", psk.identity, "--pskkey", psk.hex] : [];
      const own = clientCertificate ? ["--x509certfile", files.client.cert, "--x509keyfile", files.client.key] : [];
      const trust = ["--x509cafile", files.ca, "--verify-hostname", "localhost", "--sni-hostname", "localhost"];
      const again = connections === 2 ? ["--resume"] : [];
      return [
        {
          program: "gnutls-cli",
          args: [priority(keyExchange), ...trust, ...own, ...shared, ...again, "-p", `${port}`, "127.0.0.1"],
        },
      ];
    },
  },
  server: {
    speaks: "echo",
    commands: ({ files, port, keyExchange, clientCertificate }) => {
      const { cert, key } = files.server[authentication(keyExchange)];
      const own = ["--x509certfile", cert, "--x509keyfile", key, "--echo", "-p", `${port}`];
      const shared = `${files.folder}/gnutls.psk`;
      writeFileSync(shared, `${psk.identity}:${psk.hex}\n`);
      const client = clientCertificate
        ? ["--require-client-cert", "--verify-client-cert", "--x509cafile", files.ca]
        : ["--disable-client-cert"];
      return [
        {
          program: "gnutls-serv",
          args: [priority(keyExchange), ...own, ...client, ...(isPsk(keyExchange) ? ["--pskpasswd", shared] : [])],
        },
      ];
    },
  },
};
