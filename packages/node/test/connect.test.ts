import { connect } from "@handclasp/node";
import { expect, test } from "vitest";

test("without options, connect has no trust anchor", async () => {
  await expect(connect("ws://127.0.0.1:1/")).rejects.toMatchObject({
    code: "configuration",
    message: /no trust anchor/,
  });
});

test.each(["nonsense", "localhost:8443", "http://localhost/", "tcp://localhost"])("%s is no target", async (target) => {
  await expect(connect(target, { insecure: true })).rejects.toMatchObject({ name: "TlsError", code: "configuration" });
});
