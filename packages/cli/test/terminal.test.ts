import { TlsError } from "@handclasp/node";
import { describe, expect, test, vi } from "vitest";
import { textEvents } from "../src/events.ts";
import { Progress } from "../src/progress.ts";
import { styleOf } from "../src/style.ts";

const terminal = (isTTY: boolean): NodeJS.WriteStream =>
  ({ isTTY, hasColors: () => process.env.NO_COLOR === undefined }) as unknown as NodeJS.WriteStream;

describe("colours", () => {
  const errorOn = (stream: NodeJS.WriteStream): string => {
    let line = "";
    const print = (text: string): void => {
      line = text;
    };
    textEvents(print, styleOf(stream)).error(new TlsError("unknown_ca", "refused"));
    return line;
  };

  test("are on a terminal only, and not with NO_COLOR", () => {
    vi.stubEnv("NO_COLOR", undefined);
    const plain = "error: refused [alert unknown_ca, sent]";
    expect(errorOn(terminal(true))).toBe(`\x1b[31merror:\x1b[39m${plain.slice(6)}`);
    expect(errorOn(terminal(false))).toBe(plain);
    vi.stubEnv("NO_COLOR", "1");
    expect(errorOn(terminal(true))).toBe(plain);
    vi.unstubAllEnvs();
  });
});

describe("progress", () => {
  test("is one line with the bytes and the rate of the last two seconds, which disappears at the end", () => {
    let now = 0;
    let output = "";
    const traffic = { bytesIn: 0, bytesOut: 5 };
    const progress = new Progress(
      (text) => (output += text),
      traffic,
      () => now,
    );
    progress.update();
    expect(output).toBe("0 B in, 5 B out");
    for (; now < 10_000; now += 250) {
      traffic.bytesIn += 2 ** 20;
      output = "";
      progress.update();
    }
    expect(output).toBe("\r\x1b[K40.0 MiB in, 5 B out, 4.0 MiB/s");
    output = "";
    progress.stop();
    progress.stop();
    expect(output).toBe("\r\x1b[K");
  });
});
