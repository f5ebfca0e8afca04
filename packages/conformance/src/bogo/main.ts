#!/usr/bin/env node
/**
 * A shim for BoGo, BoringSSL's black-box tests of a TLS stack: their runner starts one for each test, and plays the other side.
 * Exit codes: 0 all as expected, 1 the connection failed, 89 unimplemented, 90 the connection is not what the runner said it must be.
 * @module
 */
import { TlsError } from "@handclasp/core";
import { exchange } from "./exchange.ts";
import { Unexpected } from "./expectations.ts";
import { readFlags, Unimplemented } from "./flags.ts";
import { nothingKept } from "./options.ts";
import { witness } from "./witness.ts";

process.exitCode = await run(process.argv.slice(2));

async function run(argv: readonly string[]): Promise<number> {
  if (argv.includes("-is-handshaker-supported")) {
    console.log("No");
    return 0;
  }
  try {
    const { initial, resume } = readFlags(argv);
    const kept = nothingKept();
    for (let i = 0; i <= (initial["resume-count"] ?? 0); i++) {
      const config = i ? resume : initial;
      await exchange({ config, resumes: i > 0 && !config["expect-session-miss"], seen: witness(), kept });
    }
    return 0;
  } catch (error) {
    if (error instanceof Unimplemented) return 89;
    console.error(describe(error));
    return error instanceof Unexpected ? 90 : 1;
  }
}

/** The runner looks for a token between colons: an alert that the peer sent us has another one than the same alert of ours. */
function describe(error: unknown): string {
  if (TlsError.is(error)) return `:${error.by === "peer" ? "peer_" : ""}${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
