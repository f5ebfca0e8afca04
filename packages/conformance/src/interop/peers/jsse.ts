import { ownArguments, ownProgram, type Peer, type Role } from "../peer.ts";
import { run } from "../programs.ts";

const role = (name: "client" | "server"): Role => ({
  speaks: "echo",
  commands: (task) => [
    {
      program: "java",
      args: [
        "-XX:TieredStopAtLevel=1",
        "-Xshare:auto",
        "-cp",
        task.files.folder,
        // Newer releases of Java disable RSA key exchange. The file enables it.
        `-Djava.security.properties=${ownProgram("java.security")}`,
        "Jsse",
        ...ownArguments(name, task, `TLS_${task.keyExchange}_WITH_`),
      ],
      inputEnds: true,
    },
  ],
});

export const jsse: Peer = {
  name: "JSSE",
  packages: ["default-jdk-headless"],
  programs: ["javac", "java"],
  version: ["javac", "-version"],
  keyExchanges: ["ECDHE_ECDSA", "ECDHE_RSA", "RSA", "DHE_RSA"],
  prepare: async ({ folder }) => {
    await run({ program: "javac", args: ["-d", folder, ownProgram("Jsse.java")] });
  },
  client: role("client"),
  server: role("server"),
};
