import { authentication, isPsk, type KeyExchangeName, opensslCiphers, type Peer, psk, type Task } from "../peer.ts";

/** The file that stores the session between two commands. */
const session = ({ files, port }: Task): string => `${files.folder}/openssl-${port}.session`;

const shared = (keyExchange: KeyExchangeName): string[] =>
  isPsk(keyExchange) ? ["-psk", psk.hex, "-psk_identity", psk.identity] : [];

export const openssl: Peer = {
  name: "OpenSSL",
  packages: ["openssl"],
  programs: ["openssl"],
  version: ["openssl", "version"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA", "ECDHE_PSK", "PSK"],
  client: {
    speaks: "echo",
    commands: (task) => {
      const { files, port, keyExchange, clientCertificate, connections } = task;
      const trust = isPsk(keyExchange)
        ? []
        : ["-CAfile", files.ca, "-verify_return_error", "-verify_hostname", "localhost"];
      const own = clientCertificate ? ["-cert", files.client.cert, "-key", files.client.key] : [];
      const to = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-tls1_2"];
      const quiet = ["-quiet", "-nocommands", "-cipher", opensslCiphers(keyExchange)];
      const sessionOptions =
        connections === 1
          ? [[]]
          : [
              ["-sess_out", session(task)],
              ["-sess_in", session(task)],
            ];
      return sessionOptions.map((more) => ({
        program: "openssl",
        args: ["s_client", ...to, ...quiet, ...shared(keyExchange), ...trust, ...own, ...more],
      }));
    },
  },
  server: {
    speaks: "echo",
    commands: ({ files, port, keyExchange, clientCertificate }) => {
      const { cert, key } = files.server[authentication(keyExchange)];
      const client = clientCertificate ? ["-Verify", "1", "-verify_return_error", "-CAfile", files.ca] : [];
      const own = isPsk(keyExchange) ? ["-nocert", ...shared(keyExchange)] : ["-cert", cert, "-key", key];
      const on = ["-accept", `127.0.0.1:${port}`, "-tls1_2", "-quiet"];
      return [
        {
          program: "openssl",
          args: ["s_server", ...on, ...own, "-cipher", opensslCiphers(keyExchange), ...client],
          mirror: true,
        },
      ];
    },
  },
};
