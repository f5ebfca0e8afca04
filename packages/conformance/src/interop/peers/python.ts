import { opensslCiphers, ownArguments, ownProgram, type Peer, type Role } from "../peer.ts";

const role = (name: "client" | "server"): Role => ({
  speaks: "echo",
  commands: (task) => [
    {
      program: "python3",
      args: [ownProgram("peer.py"), ...ownArguments(name, task, opensslCiphers(task.keyExchange))],
      inputEnds: true,
    },
  ],
});

export const python: Peer = {
  name: "Python ssl",
  packages: ["python3"],
  programs: ["python3"],
  version: [
    "python3",
    "-c",
    "import platform, ssl; print('Python', platform.python_version() + ',', ssl.OPENSSL_VERSION)",
  ],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA"],
  client: role("client"),
  server: {
    ...role("server"),
    lacks: { DHE_RSA: "Python needs a file with DH parameters, which these tests do not provide" },
  },
};
