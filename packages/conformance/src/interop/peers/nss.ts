import { authentication, type Files, type KeyExchangeName, type Peer } from "../peer.ts";
import { run } from "../programs.ts";

/**
 * The path of the NSS database for one kind of key. In one database, the two server certificates would have the same
 * nickname.
 */
const database = ({ folder }: Files, kind: "ecdsa" | "rsa"): string => `${folder}/nss-${kind}`;

/** The suite for each key exchange. The options of NSS's programs accept single suites, not key exchanges. */
const suites: Readonly<Partial<Record<KeyExchangeName, string>>> = {
  ECDHE_ECDSA: ":C02B",
  ECDHE_RSA: ":C02F",
  RSA: ":009C",
  DHE_RSA: ":009E",
};

const common = ["-V", "tls1.2:tls1.2", "-G", "-u"];

export const nss: Peer = {
  name: "NSS",
  packages: ["libnss3-tools", "openssl"],
  programs: ["tstclnt", "strsclnt", "selfserv", "certutil", "pk12util", "openssl"],
  version: ["dpkg-query", "--show", "libnss3-tools"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA"],
  prepare: async (files) => {
    for (const kind of ["ecdsa", "rsa"] as const) {
      const nss = database(files, kind);
      await run({ program: "mkdir", args: [nss] });
      await run({ program: "certutil", args: ["-N", "-d", nss, "--empty-password"] });
      await run({ program: "certutil", args: ["-A", "-d", nss, "-n", "ca", "-t", "CT,C,C", "-i", files.ca] });
      for (const [name, { cert, key }] of Object.entries({ server: files.server[kind], client: files.client })) {
        const p12 = `${nss}/${name}.p12`;
        const from = ["-export", "-in", cert, "-inkey", key, "-name", name];
        await run({ program: "openssl", args: ["pkcs12", ...from, "-out", p12, "-passout", "pass:handclasp"] });
        await run({ program: "pk12util", args: ["-i", p12, "-d", nss, "-W", "handclasp"] });
      }
    }
  },
  client: {
    speaks: "echo",
    commands: ({ files, port, keyExchange, clientCertificate, connections, ticket }) => {
      const at = ["-4", "-p", `${port}`, "-d", database(files, authentication(keyExchange))];
      const suite = suites[keyExchange] ?? "";
      // To resume a session, strsclnt opens both connections. tstclnt would have no input left for a second connection,
      // and it crashes if its input is a file.
      const own = clientCertificate ? ["-n", "client"] : [];
      const once = ["-h", "localhost", ...at, "-c", suite, ...common, ...own];
      const tickets = ticket ? ["-u"] : [];
      const again = [...at, "-C", suite, "-V", "tls1.2:tls1.2", ...tickets, ...own, "-c", "2", "-t", "2", "localhost"];
      return connections === 2
        ? [
            {
              program: "strsclnt",
              args: again,
              own: { sends: "GET /abc HTTP/1.0\r\n\r\n", prints: "1 cache hits; 1 cache misses" },
            },
          ]
        : [{ program: "tstclnt", args: once }];
    },
  },
  server: {
    speaks: "http",
    commands: ({ files, port, keyExchange, clientCertificate }) => [
      {
        program: "selfserv",
        args: [
          "-d",
          database(files, authentication(keyExchange)),
          "-p",
          `${port}`,
          "-c",
          suites[keyExchange] ?? "",
          ...common,
          "-H",
          "1",
          authentication(keyExchange) === "rsa" ? "-n" : "-e",
          "server",
          ...(clientCertificate ? ["-r", "-r"] : []),
        ],
      },
    ],
  },
};
