import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonLines, run, type Server, serve, start, temporaryFolder } from "./handclasp.ts";

const openssl = process.env.HANDCLASP_OPENSSL || "openssl";
const version = ((): string | undefined => {
  try {
    return execFileSync(openssl, ["version"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
})();

describe.skipIf(!version)(version ?? "openssl is not installed: set HANDCLASP_OPENSSL to its path", () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  beforeAll(async () => {
    await run(["certs", folder.path]);
  });
  afterAll(() => folder.remove());

  describe("serve", () => {
    let server: Server;
    beforeAll(async () => {
      server = await serve("--cert", file("server.pem"), "--key", file("server.key"), "--respond", "http");
    });
    afterAll(() => server.stop());

    test("s_client receives the page and then close_notify", async () => {
      const { host } = new URL(server.tcp);
      const client = start(
        ["s_client", "-connect", host, "-CAfile", file("ca.pem"), "-verify_return_error", "-quiet"],
        [openssl],
      );
      client.process.stdin.write("GET / HTTP/1.0\r\n\r\n");
      const { code, stdout } = await client.ended;
      expect([code, stdout.toString()]).toEqual([0, expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n/)]);
      await expect.poll(() => server.events().at(-1)).toMatchObject({ event: "closed", clean: true });
    });
  });

  test("connect receives a page from s_server", async () => {
    const certificate = ["-cert", file("server.pem"), "-key", file("server.key")];
    const server = start(["s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-www", ...certificate], [openssl]);
    try {
      const [, address = ""] = await server.waitFor("stdout", /^ACCEPT (\S+)/m);
      const { stdout, stderr } = await run([
        "connect",
        `tcp://${address}`,
        "--ca",
        file("ca.pem"),
        "--http",
        "/",
        "--json",
      ]);
      expect(stdout.toString()).toMatch(/^HTTP\/1\.0 200 ok\r\n[\s\S]*TLSv1\.2/i);
      expect(jsonLines(stderr)[0]).toMatchObject({ event: "established", extendedMasterSecret: true });
    } finally {
      server.process.kill();
      await server.ended;
    }
  });
});
