import { type Session, TlsError } from "@handclasp/node";
import { describe, expect, test, vi } from "vitest";
import { errorLine } from "../src/errors.ts";
import { jsonEvents, textEvents } from "../src/events.ts";
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

describe("a peer's words", () => {
  const name = "x\x1b]0;PWN\x07\x9b2J\u202eabc\ny";
  const peer = { certificate: { subject: { text: name }, raw: new Uint8Array(1) } };
  const session = { version: "TLS 1.2", suite: "S", alpn: name, serverName: null, pskIdentity: name, peer };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal obeys these characters
  const control = /[\0-\x1f\x7f-\x9f\u2028-\u202e]/;

  test("reach a terminal without control characters, as text and as JSON", () => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    for (const events of [textEvents(print, styleOf(terminal(false))), jsonEvents(print)]) {
      events.established(session as unknown as Session);
      events.error(new Error(name));
    }
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).not.toMatch(control);
    expect(JSON.parse(lines[2] as string)).toMatchObject({ alpn: name, peer: { subject: name } });
  });
});

describe("errors", () => {
  test("name their code, which docs/errors.md explains, and the alert", () => {
    const line = (error: Error): string => errorLine(error);
    const options = { code: "name_mismatch", fault: "peer" } as const;
    expect(line(new TlsError("bad_certificate", "refused", options))).toBe(
      "error: refused [name_mismatch] [alert bad_certificate, sent]",
    );
    expect(line(new TlsError(undefined, "late", { code: "handshake_timeout", fault: "transport" }))).toBe(
      "error: late [handshake_timeout]",
    );
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
