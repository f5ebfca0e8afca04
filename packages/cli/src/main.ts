/**
 * The commands of `handclasp`, and their options.
 * @module
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type ConnectFlags, connect } from "./connect.ts";
import { exitCode, oneLine, UsageError } from "./errors.ts";
import { jsonEvents, textEvents } from "./events.ts";
import { commaList } from "./names.ts";
import { type ServeFlags, serve } from "./serve.ts";
import { styleOf } from "./style.ts";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/**
 * Runs a command line, without the name of the program. Resolves to the exit code, and prints all errors. `serve` ends
 * the process itself.
 */
export async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  const report = (error: unknown): void => reportError(error, args);
  const program = new Command("handclasp")
    .description("TLS 1.2 over WebSocket and TCP")
    .version(manifest.version)
    .exitOverride()
    .configureOutput({ outputError: (text) => report(new UsageError(oneLine(text).replace(/^error: /, ""))) });

  channelFlags(
    program
      .command("serve")
      .description(
        "accept channels until SIGTERM or SIGINT; default: over WebSocket on port 8443; " +
          "SIGHUP reads the files of certificates and keys again",
      )
      .option("--ws <port>", "listen for WebSockets; 0: any free port", parsePort)
      .option("--tcp <port>", "listen for TCP; 0: any free port", parsePort)
      .option("--host <address>", "address to listen on", "127.0.0.1")
      .option("--path <path>", "path of the WebSocket", parsePath, "/")
      .option("--origins <list>", "origins of other hosts whose pages may connect, such as https://app.example")
      .option("--hosts <list>", "names that the Host header may have, on a loopback address in addition to localhost")
      .option(
        "--cert <file>",
        "PEM certificate chain, repeatable; default: a throw-away certificate for localhost",
        collect,
      )
      .option("--key <file>", "PEM private key, one for each --cert", collect)
      .option(
        "--ocsp <file>",
        "OCSP response (DER) for clients that request it; repeatable, each is for the --cert that it names",
        collect,
      )
      .option(
        "--client-ca <file>",
        "PEM CA that issues the client certificates; the server then requires one, unless --client-auth is request",
      )
      .addOption(
        new Option("--client-auth <how>", "ask for client certificates").choices(["none", "request", "require"]),
      )
      .option(
        "--max-fragment <bytes>",
        "the most bytes of plaintext in a record that the server sends, 64 to 16384",
        parseMaxFragment,
      )
      .option("--no-tickets", "do not issue or accept session tickets")
      .option("--no-session-cache", "do not keep sessions for clients that resume by session ID")
      .option(
        "--ticket-keys <file>",
        "ticket keys, shared with other processes: 48 random bytes each, or lines of 96 hex digits; " +
          "the first encrypts, all decrypt",
      )
      .option("--respond <how>", "echo, http, sink or source[:BYTES]", "echo"),
    "to stdout, also its addresses and errors",
  ).action(async (flags: ServeFlags) => {
    await serve(flags);
    process.exit(0);
  });

  channelFlags(
    program
      .command("connect")
      .description("open a channel: send stdin (or a GET, with --http), and write the received data to stdout")
      .argument("<target>", "ws://…, wss://… or tcp://host:port", parseTarget)
      .addOption(
        new Option(
          "--ca <file>",
          "PEM certificates of the trusted CAs; system: the roots that Node.js ships",
        ).conflicts(["pin", "insecure"]),
      )
      .addOption(
        new Option("--pin <pin>", "trust this key: sha256/BASE64, repeatable").argParser(collect).conflicts("insecure"),
      )
      .option("--insecure", "accept any certificate: the server's identity is not verified")
      .addOption(
        new Option(
          "--ocsp <how>",
          "ask for the OCSP status of the server's certificate; check: verify it if it comes, require: fail without it",
        ).choices(["request", "check", "require"]),
      )
      .option("--servername <name>", "name that the certificate must be for; default: the target's host")
      .option("--cert <file>", "PEM certificate chain, for a server that requests one")
      .option("--key <file>", "its PEM private key")
      .option(
        "--session <file>",
        "resume the session in this file, and write the new one to it; anyone who reads it can decrypt the connection",
      )
      .option("--http <path>", "send one GET and print the reply", parsePath)
      .option("--record <file>", "write a recording, which the inspector shows (the page of `npm start` loads it)")
      .option("--secrets", "put secrets and data into the recording; anyone who reads it can decrypt the connection"),
    "to stderr, also errors, because stdout has the received data",
  ).action(async (url: URL, flags: ConnectFlags) => {
    code = await connect(url, flags);
  });

  program
    .command("certs")
    .description("make a throw-away CA, a server certificate and a client certificate")
    .argument("<dir>", "folder for ca.pem, server.pem, server.key, client.pem and client.key")
    .option("--host <names>", "DNS names and IP addresses of the server", "localhost,127.0.0.1")
    .addOption(
      new Option("--algorithm <name>", "algorithm of the keys")
        .choices(["ecdsa-p256", "rsa-2048", "ed25519"])
        .default("ecdsa-p256"),
    )
    .option("--force", "replace files that exist")
    .action(async (directory: string, flags: CertsFlags) => {
      const names = commaList("--host", flags.host);
      for (const name of names) {
        if (isIP(name) === 0 && !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(name))
          throw new UsageError(`--host: ${name} is neither a DNS name in ASCII nor an IP address`);
      }
      // Only this command loads the module, because it is large.
      const { certs } = await import("./certs.ts");
      await certs(directory, names, flags.algorithm, flags.force === true);
    });

  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    // The program has printed the error by `outputError`.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    report(error);
    return exitCode(error);
  }
}

/** Prints an error as an event if the command line has `--json`, although its options may be wrong. */
function reportError(error: unknown, args: readonly string[]): void {
  const events = args.includes("--json")
    ? jsonEvents(args.find((arg) => !arg.startsWith("-")) === "serve" ? console.log : console.error)
    : textEvents(console.error, styleOf(process.stderr));
  events.error(error);
}

/** `where` says where `--json` prints. */
function channelFlags(command: Command, where: string): Command {
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
      "pre-shared key, whose suites come first; repeatable for a server. Other users of this machine can see it",
      collect,
    )
    .option(
      "--keylog <file>",
      "append secrets in the NSS key log format; anyone who reads the file can decrypt the connections",
    )
    .addOption(
      new Option("--provider <name>", "implementation of the cryptography").choices(["node", "noble"]).default("node"),
    )
    .option("--json", `print events as JSON, one a line, ${where}`)
    .option("--trace", "print each handshake message and record");
}

function parsePort(text: string): number {
  return parseNumber(text, 0, 65_535);
}

function parseMaxFragment(text: string): number {
  return parseNumber(text, 64, 16_384);
}

function parseNumber(text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`expected a number from ${min} to ${max}`);
}

function parsePath(text: string): string {
  if (/^\/[!-~]*$/.test(text)) return text;
  throw new InvalidArgumentError("expected a path that begins with /");
}

function parseTarget(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isTarget = url && (url.protocol === "tcp:" ? url.hostname && url.port : /^wss?:$/.test(url.protocol));
  if (url && isTarget) return url;
  throw new InvalidArgumentError("expected ws://…, wss://… or tcp://host:port");
}

function collect(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

interface CertsFlags {
  readonly host: string;
  readonly algorithm: "ecdsa-p256" | "rsa-2048" | "ed25519";
  readonly force?: boolean;
}
