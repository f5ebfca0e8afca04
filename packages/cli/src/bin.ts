#!/usr/bin/env node
/**
 * The command `handclasp`.
 * @module
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type ConnectFlags, connect } from "./connect.ts";
import { errorLine, exitCode, oneLine, UsageError } from "./errors.ts";
import { commaList } from "./names.ts";
import { type ServeFlags, serve } from "./serve.ts";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

const program = new Command("handclasp")
  .description("TLS 1.2 over WebSocket and TCP")
  .version(manifest.version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`${oneLine(text)}\n`) });

channelFlags(
  program
    .command("serve")
    .description("accept channels until SIGTERM; default: over WebSocket on port 8443")
    .option("--ws <port>", "listen for WebSockets; 0: any free port", port)
    .option("--tcp <port>", "listen for TCP; 0: any free port", port)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--path <path>", "path of the WebSocket", pathname, "/")
    .option("--origins <list>", "origins of pages of other hosts that may connect, such as https://app.example")
    .option(
      "--hosts <list>",
      "names that the Host header may have, beside those of this computer on a loopback address",
    )
    .option("--cert <file>", "PEM chain, repeatable; none: a throw-away certificate for localhost", repeated)
    .option("--key <file>", "PEM private key, one for each --cert", repeated)
    .option(
      "--ocsp <file>",
      "OCSP response (DER) for a --cert, shown to clients that ask; repeatable, each goes with the certificate that it is about",
      repeated,
    )
    .option("--client-ca <file>", "CA of client certificates, which are then required unless --client-auth says less")
    .addOption(new Option("--client-auth <how>", "ask for client certificates").choices(["none", "request", "require"]))
    .option("--max-fragment <bytes>", "bytes of a record that we send, 64 to 16384", fragment)
    .option("--no-tickets", "issue and take no session tickets")
    .option("--no-session-cache", "keep no sessions for clients that resume by session ID")
    .option(
      "--ticket-keys <file>",
      "ticket keys, shared with other processes: 48 random bytes each, or lines of 96 hex digits; the first encrypts, all decrypt; SIGHUP reads the file again",
    )
    .option("--respond <how>", "echo, http, sink or source[:BYTES]", "echo"),
).action(async (flags: ServeFlags) => {
  await serve(flags);
  process.exit(0);
});

channelFlags(
  program
    .command("connect")
    .description("open a channel: stdin goes in, what comes back goes to stdout")
    .argument("<target>", "ws://…, wss://… or tcp://host:port", target)
    .addOption(
      new Option("--ca <file>", "PEM of whom to trust; system: the roots that Node.js ships").conflicts([
        "pin",
        "insecure",
      ]),
    )
    .addOption(
      new Option("--pin <pin>", "trust this key: sha256/BASE64, repeatable").argParser(repeated).conflicts("insecure"),
    )
    .option("--insecure", "trust anybody: no identity is proven")
    .addOption(
      new Option(
        "--ocsp <how>",
        "ask for the status of the server's certificate: check what comes, or require it too",
      ).choices(["request", "check", "require"]),
    )
    .option("--servername <name>", "name the certificate must be for; default: the target's host")
    .option("--cert <file>", "PEM chain for a server that asks")
    .option("--key <file>", "its PEM private key")
    .option(
      "--session <file>",
      "resume the session in this file, and keep the one that comes of it: whoever has it can read the connection",
    )
    .option("--http <path>", "send one GET and print the reply", pathname),
).action(async (where: URL, flags: ConnectFlags) => {
  process.exitCode = await connect(where, flags);
  // Our last bytes go out by themselves; a peer that does not hang up is not waited for longer.
  setTimeout(() => process.exit(), 2_000).unref();
});

program
  .command("certs")
  .description("make a throw-away CA, and a server's and a client's certificate")
  .argument("<dir>", "where ca.pem, server.pem, server.key, client.pem and client.key go")
  .option("--host <names>", "names and addresses of the server", "localhost,127.0.0.1")
  .addOption(
    new Option("--algorithm <name>", "of the keys")
      .choices(["ecdsa-p256", "rsa-2048", "ed25519"])
      .default("ecdsa-p256"),
  )
  .action(async (directory: string, flags: { host: string; algorithm: "ecdsa-p256" | "rsa-2048" | "ed25519" }) => {
    const names = commaList("--host", flags.host);
    for (const name of names) {
      if (isIP(name) === 0 && !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(name))
        throw new UsageError(`--host: ${name} is neither a DNS name in ASCII nor an IP address`);
    }
    // Loaded here alone: it is large.
    const { certs } = await import("./certs.ts");
    await certs(directory, names, flags.algorithm);
  });

function channelFlags(command: Command): Command {
  return command
    .option("--alpn <names>", "application protocols, in order of preference")
    .option(
      "--suites <names>",
      "IANA names, or modern (default), legacy (with CBC, DHE, RSA key exchange), all; in order of preference",
    )
    .option(
      "--groups <names>",
      "x25519, secp256r1, secp384r1, secp521r1, ffdhe2048, ffdhe3072, ffdhe4096; in order of preference",
    )
    .option(
      "--psk <identity:hexkey>",
      "pre-shared key, whose suites then lead; repeatable for a server. Others on this machine can see it",
      repeated,
    )
    .option("--keylog <file>", "append secrets in the format of NSS: whoever has it can read everything")
    .addOption(new Option("--provider <name>", "whose cryptography").choices(["node", "noble"]).default("node"))
    .option("--json", "one event a line, as JSON")
    .option("--trace", "print each handshake message and record");
}

function port(text: string): number {
  return number(text, 0, 65_535);
}

function fragment(text: string): number {
  return number(text, 64, 16_384);
}

function number(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`expected a number from ${least} to ${most}`);
}

function pathname(text: string): string {
  if (/^\/[!-~]*$/.test(text)) return text;
  throw new InvalidArgumentError("expected a path that begins with /");
}

function target(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const ok = url && (url.protocol === "tcp:" ? url.hostname && url.port : /^wss?:$/.test(url.protocol));
  if (url && ok) return url;
  throw new InvalidArgumentError("expected ws://…, wss://… or tcp://host:port");
}

function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

process.stdout.on("error", () => process.exit(1)); // nobody reads on
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(errorLine(error));
    process.exitCode = exitCode(error);
  }
}
