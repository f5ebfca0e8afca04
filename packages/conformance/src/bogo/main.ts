#!/usr/bin/env node
/**
 * A shim for BoGo, BoringSSL's black-box tests of a TLS stack. BoringSSL's runner starts one shim for each test, and
 * runs the other side of the connection.
 *
 * Exit codes: 0 the connection succeeded, 1 the connection failed, 89 a flag or its value is not implemented, 90 the
 * connection does not match the runner's `-expect` flags.
 * @module
 */
import { TlsError } from "@handclasp/core";
import { exchange } from "./exchange.ts";
import { ExpectationError } from "./expectations.ts";
import { readFlags, Unimplemented } from "./flags.ts";
import { createMessageLog } from "./messageLog.ts";
import { createSharedState } from "./options.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("-is-handshaker-supported")) {
    console.log("No");
    return 0;
  }
  try {
    const { initial, resume } = readFlags(argv);
    const shared = createSharedState();
    for (let i = 0; i <= (initial["resume-count"] ?? 0); i++) {
      const config = i ? resume : initial;
      const mustResume = i > 0 && !config["expect-session-miss"];
      await exchange({ config, mustResume, messages: createMessageLog(), shared });
    }
    return 0;
  } catch (error) {
    if (error instanceof Unimplemented) return 89;
    console.error(describe(error));
    return error instanceof ExpectationError ? 90 : 1;
  }
}

/**
 * The runner searches the output for a token between colons. The prefix `peer_` marks an alert that the peer sent, so
 * that it differs from the same error of the shim.
 */
function describe(error: unknown): string {
  if (TlsError.is(error)) return `:${error.by === "peer" ? "peer_" : ""}${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
