/**
 * A peer: another TLS implementation, run as commands over loopback TCP. Each peer has a file in `peers/`.
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Command } from "./programs.ts";

/** The part of a suite's name between `TLS_` and `_WITH_`. */
export type KeyExchangeName = "ECDHE_ECDSA" | "ECDHE_RSA" | "RSA" | "DHE_RSA" | "ECDHE_PSK" | "PSK";

/** The paths of the files that a peer needs. One temporary CA issues all certificates. */
export interface Files {
  /** A folder in which a peer can write further files. */
  readonly folder: string;
  readonly ca: string;
  readonly server: Readonly<Record<"ecdsa" | "rsa", Identity>>;
  readonly client: Identity;
  /** The lines of text that the client sends and the server sends back. */
  readonly payload: string;
}

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** The parameters of one run of a peer. */
export interface Task {
  readonly keyExchange: KeyExchangeName;
  readonly port: number;
  readonly files: Files;
  /** True if the client sends its certificate and the server requires one. */
  readonly clientCertificate: boolean;
  /** If 2, the second connection resumes the session of the first one, by ticket or by session ID. */
  readonly connections: 1 | 2;
  /** True if the second connection may resume by ticket. */
  readonly ticket: boolean;
}

export interface Role {
  /**
   * `"echo"`: the server sends all data back. `"http"`: the client sends a request, and the response contains its body
   * (POST) or its path (GET).
   */
  readonly speaks: "echo" | "http";
  /**
   * The commands for a task. Those of a client run one after another, together open the requested number of
   * connections, and have the payload as input. A server is one command.
   */
  commands(task: Task): readonly Command[];
  /**
   * The reason why the peer supports no client certificates in this role. Absent if it supports them. `noTicket` and
   * `noSessionId` are the reasons for tickets and session IDs.
   */
  readonly noClientCertificate?: string;
  readonly noTicket?: string;
  readonly noSessionId?: string;
  /** The reason for each key exchange of the peer that does not run in this role. */
  readonly lacks?: Partial<Record<KeyExchangeName, string>>;
}

export interface Peer {
  readonly name: string;
  /** The names of its Debian packages. */
  readonly packages: readonly string[];
  /** The programs that must be installed. */
  readonly programs: readonly string[];
  /** A command that prints the version in its first line. */
  readonly version: readonly [string, ...string[]];
  readonly keyExchanges: readonly KeyExchangeName[];
  /** Prepares files for all tasks, for example a key database or a compiled class. */
  prepare?(files: Files): Promise<void>;
  readonly client?: Role;
  readonly server?: Role;
  /** The reason why the peer runs in only one role. */
  readonly note?: string;
}

export const isPsk = (keyExchange: KeyExchangeName): boolean => keyExchange.endsWith("PSK");

/** The key type of the server's certificate, which is not sent with a pre-shared key. */
export const authentication = (keyExchange: KeyExchangeName): "ecdsa" | "rsa" =>
  keyExchange === "ECDHE_ECDSA" ? "ecdsa" : "rsa";

/** The pre-shared key of both sides. */
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

/** The cipher string for OpenSSL and the programs that use it. */
export const opensslCiphers = (keyExchange: KeyExchangeName): string =>
  `${opensslKeyExchange[keyExchange]}:@SECLEVEL=0`;

/** The path of one of our programs that use a library as a peer. */
export const ownProgram = (name: string): string => fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));

/** The arguments of our own programs. "-" stands for an absent file. */
export function ownArguments(role: "client" | "server", task: Task, suites: string): string[] {
  const { files, keyExchange, clientCertificate, connections, port } = task;
  const identity = role === "server" ? files.server[authentication(keyExchange)] : clientCertificate && files.client;
  const ca = role === "client" || clientCertificate ? files.ca : "-";
  return [role, `${port}`, suites, ca, identity ? identity.cert : "-", identity ? identity.key : "-", `${connections}`];
}
