import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../way.mjs", import.meta.url));

test("way: prints the files and functions of core that a record enters, and what is beyond core, each way", () => {
  const [, receiving = "", sending = ""] = execFileSync(process.execPath, [script, "8"], { encoding: "utf8" }).split(
    "\n\n",
  );
  for (const [way, ours, theirs] of [
    [receiving, "read", "open"],
    [sending, "write", "seal"],
  ] as const) {
    const figures = /alone, 1 a message: (\d+) files, (\d+) functions of core/.exec(way);
    expect(Number(figures?.[1]), way).toBeGreaterThan(0);
    expect(Number(figures?.[2]), way).toBeGreaterThan(0);
    expect(way).toMatch(/stream, [2-8] a message: \d+ files, \d+ functions of core/);
    // Each record is read or written once, and opened or sealed once: no call is lost or counted twice.
    expect(way).toMatch(new RegExp(`core/src/connection/connection\\.ts\\n[^]*^ +${ours} +1\\.00 +1\\.00$`, "m"));
    expect(way).toMatch(new RegExp(`nodeCrypto\\.ts \\(beyond core\\)\\n[^]*^ +${theirs}\\w* +1\\.00 +1\\.00$`, "m"));
  }
});
