import { describe, expect, test } from "vitest";
import { readFlags, Unimplemented } from "../../src/bogo/flags.ts";

describe("the runner's flags", () => {
  test("apply to all connections without a prefix; the last value wins, and lists grow", () => {
    const { initial, resume } = readFlags(
      "-port 1 -server -curves 29 -curves 23 -resume-count 2 -port 4433 -ticket-key AQID".split(" "),
    );
    expect(initial).toEqual({
      port: 4433,
      server: true,
      curves: [29, 23],
      "resume-count": 2,
      "ticket-key": Uint8Array.of(1, 2, 3),
    });
    expect(resume).toEqual(initial);
  });
  test("apply, with a prefix, to the first connection, to the later ones, or to another process", () => {
    const { initial, resume } = readFlags(
      (
        "-on-initial-host-name a -on-resume-host-name b -on-shim-on-resume-no-ticket " +
        "-on-handshaker-curves 29 -on-retry-verify-fail"
      ).split(" "),
    );
    expect(initial).toEqual({ "host-name": "a" });
    expect(resume).toEqual({ "host-name": "b", "no-ticket": true });
  });
  test("may have an empty value, or a value that looks like a flag", () => {
    expect(readFlags(["-export-label", "", "-host-name", "-server"]).initial).toEqual({
      "export-label": "",
      "host-name": "-server",
    });
  });
  test("are accepted and ignored if they change nothing in Handclasp", () => {
    expect(readFlags(["-trust-cert", "ca.pem", "-implicit-handshake", "-async"]).initial).toEqual({ async: true });
  });
  test.each([[["-dtls"]], [["-on-resume-dtls"]], [["-on-handshaker-dtls", "-server"]], [["server"]], [["-toString"]]])(
    "are unimplemented if the shim does not know them: %j",
    (argv) => {
      expect(() => readFlags(argv)).toThrow(Unimplemented);
    },
  );
  test.each([[["-port"]], [["-port", "http"]], [["-port", "-1"]]])(
    "cause an error if a value is wrong or missing: %j",
    (argv) => {
      expect(() => readFlags(argv)).toThrow(/port/);
    },
  );
});
