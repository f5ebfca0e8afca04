/**
 * A peer: somebody else's TLS, as commands that speak it over loopback TCP. One file in `peers/` each.
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Command } from "./programs.ts";

/** What stands between `TLS_` and `_WITH_` in a suite's name. */
export type KeyExchangeName = "ECDHE_ECDSA" | "ECDHE_RSA" | "RSA" | "DHE_RSA" | "ECDHE_PSK" | "PSK";

/** Paths of what a peer needs; all certificates are of one throw-away CA. */
export interface Files {
  /** To write more into. */
  readonly folder: string;
  readonly ca: string;
  readonly server: Readonly<Record<"ecdsa" | "rsa", Identity>>;
  readonly client: Identity;
  /** Lines of text to send, and to get back. */
  readonly payload: string;
}

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What a peer is to do. */
export interface Task {
  readonly keyExchange: KeyExchangeName;
  readonly port: number;
  readonly files: Files;
  /** A client shows its certificate; a server requires one. */
  readonly clientCertificate: boolean;
  /** 2: the second resumes the session of the first, by what our side has: a ticket, or the session ID. */
  readonly connections: 1 | 2;
  /** Our side has tickets. */
  readonly ticket: boolean;
}

export interface Role {
  /** `"echo"`: what was sent comes back. `"http"`: the client sends a request, and the reply has the body (a POST) or the path (a GET). */
  readonly speaks: "echo" | "http";
  /** One after the other; together they make as many connections as asked. The payload is their input. A server is one command. */
  commands(task: Task): readonly Command[];
  /** Why there is none, where there is none. */
  readonly noClientCertificate?: string;
  readonly noTicket?: string;
  readonly noSessionId?: string;
  /** Why a key exchange that the peer has cannot be had in this role. */
  readonly lacks?: Partial<Record<KeyExchangeName, string>>;
}

export interface Peer {
  readonly name: string;
  /** Debian's. */
  readonly packages: readonly string[];
  /** Commands that have to be there. */
  readonly programs: readonly string[];
  /** A command that tells the version, first of all. */
  readonly version: readonly [string, ...string[]];
  readonly keyExchanges: readonly KeyExchangeName[];
  /** What has to be made before the first task: a key database, a compiled class. */
  prepare?(files: Files): Promise<void>;
  readonly client?: Role;
  readonly server?: Role;
  /** Why the peer has one role only. */
  readonly note?: string;
}

export const isPsk = (keyExchange: KeyExchangeName): boolean => keyExchange.endsWith("PSK");

/** What the certificate holds; with a pre-shared key it does not matter. */
export const authentication = (keyExchange: KeyExchangeName): "ecdsa" | "rsa" =>
  keyExchange === "ECDHE_ECDSA" ? "ecdsa" : "rsa";

/** Known to both sides beforehand. */
export const psk = {
  identity: "interop",
  hex: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
} as const;

const opensslKeyExchange: Readonly<Record<KeyExchangeName, string>> = {
  ECDHE_ECDSA: "kECDHE+aECDSA",
  ECDHE_RSA: "kECDHE+aRSA",
  RSA: "kRSA",
  DHE_RSA: "kDHE+aRSA",
  ECDHE_PSK: "kECDHEPSK",
  PSK: "kPSK",
};

/** How OpenSSL and what is built on it select suites. */
export const opensslCiphers = (keyExchange: KeyExchangeName): string =>
  `${opensslKeyExchange[keyExchange]}:@SECLEVEL=0`;

/** A program of ours that makes a library a peer. */
export const ownProgram = (name: string): string => fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));

/** The arguments of our own programs after the role; "-" stands for no file. */
export function ownArguments(role: "client" | "server", task: Task, suites: string): string[] {
  const { files, keyExchange, clientCertificate, connections, port } = task;
  const own = role === "server" ? files.server[authentication(keyExchange)] : clientCertificate && files.client;
  const ca = role === "client" || clientCertificate ? files.ca : "-";
  return [role, `${port}`, suites, ca, own ? own.cert : "-", own ? own.key : "-", `${connections}`];
}
