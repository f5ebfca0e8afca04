import { describe, expect, test } from "vitest";
import { readFlags, Unimplemented } from "../../src/bogo/flags.ts";

describe("the runner's flags", () => {
  test("without a prefix are for all connections; the last one wins, and lists grow", () => {
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
  test("with a prefix are for the first connection, for the later ones, or for another process", () => {
    const { initial, resume } = readFlags(
      (
        "-on-initial-host-name a -on-resume-host-name b -on-shim-on-resume-no-ticket " +
        "-on-handshaker-curves 29 -on-retry-verify-fail"
      ).split(" "),
    );
    expect(initial).toEqual({ "host-name": "a" });
    expect(resume).toEqual({ "host-name": "b", "no-ticket": true });
  });
  test("may have an empty value, or one that looks like a flag", () => {
    expect(readFlags(["-export-label", "", "-host-name", "-server"]).initial).toEqual({
      "export-label": "",
      "host-name": "-server",
    });
  });
  test("that change nothing in Handclasp are accepted and ignored", () => {
    expect(readFlags(["-trust-cert", "ca.pem", "-implicit-handshake", "-async"]).initial).toEqual({ async: true });
  });
  test.each([[["-dtls"]], [["-on-resume-dtls"]], [["-on-handshaker-dtls", "-server"]], [["server"]], [["-toString"]]])(
    "that the shim does not know are unimplemented: %j",
    (argv) => {
      expect(() => readFlags(argv)).toThrow(Unimplemented);
    },
  );
  test.each([[["-port"]], [["-port", "http"]], [["-port", "-1"]]])(
    "with a wrong value or none are errors: %j",
    (argv) => {
      expect(() => readFlags(argv)).toThrow(/port/);
    },
  );
});
