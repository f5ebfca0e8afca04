import { connect } from "@handclasp/node";
import { expect, test } from "vitest";

test("without a trust option, connect rejects", async () => {
  await expect(connect("ws://127.0.0.1:1/")).rejects.toMatchObject({
    code: "configuration",
    message: expect.stringContaining("no trust anchor"),
  });
});

test.each(["nonsense", "localhost:8443", "http://localhost/", "tcp://localhost"])(
  "connect refuses the address %s",
  async (target) => {
    await expect(connect(target, { insecure: true })).rejects.toMatchObject({
      name: "TlsError",
      code: "configuration",
    });
  },
);
