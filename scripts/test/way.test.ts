import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../way.mjs", import.meta.url));

test("way.mjs prints, for each direction, the functions that a record enters in core and beyond core", () => {
  const [, receiving = "", sending = ""] = execFileSync(process.execPath, [script, "8"], { encoding: "utf8" }).split(
    "\n\n",
  );
  for (const [way, ours, theirs] of [
    [receiving, "read", "open"],
    [sending, "write", "seal"],
  ] as const) {
    const figures = /alone, 1 per message: (\d+) files, (\d+) functions of core/.exec(way);
    expect(Number(figures?.[1]), way).toBeGreaterThan(0);
    expect(Number(figures?.[2]), way).toBeGreaterThan(0);
    expect(way).toMatch(/stream, [2-8] per message: \d+ files, \d+ functions of core/);
    // Each record is read or written once, and opened or sealed once, so the counts are exactly 1.
    expect(way).toMatch(new RegExp(`core/src/connection/connection\\.ts\\n[^]*^ +${ours} +1\\.00 +1\\.00$`, "m"));
    expect(way).toMatch(new RegExp(`nodeCrypto\\.ts \\(beyond core\\)\\n[^]*^ +${theirs}\\w* +1\\.00 +1\\.00$`, "m"));
  }
});
