import { opensslCiphers, type Peer } from "../peer.ts";

export const curl: Peer = {
  name: "curl",
  packages: ["curl"],
  programs: ["curl"],
  version: ["curl", "--version"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA"],
  note: "curl is only a client",
  client: {
    speaks: "http",
    noTicket: "libcurl switches tickets off in OpenSSL for TLS 1.2",
    commands: ({ files, port, keyExchange, clientCertificate, connections }) => {
      const own = clientCertificate ? ["--cert", files.client.cert, "--key", files.client.key] : [];
      const tls = ["--tlsv1.2", "--tls-max", "1.2", "--ciphers", opensslCiphers(keyExchange), "--cacert", files.ca];
      const post = ["--http1.1", "--header", "Connection: close", "--data-binary", `@${files.payload}`];
      const urls = Array<string>(connections).fill(`https://localhost:${port}/`);
      return [{ program: "curl", args: ["-q", "-4", "-sS", "--noproxy", "*", ...tls, ...own, ...post, ...urls] }];
    },
  },
};
