import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Starts the built example, as `npm start` does. */
function start(port: string) {
  const program = fileURLToPath(new URL("../dist/server.js", import.meta.url));
  const child = spawn(process.execPath, [program], { env: { ...process.env, PORT: port }, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += String(bytes)));
  return { child, ended: once(child, "close").then(([code]) => ({ code, output })) };
}

test("on a free port, the server prints its address, and on SIGTERM it ends with exit code 0", async () => {
  const { child, ended } = start("0");
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await ended).toEqual({
    code: 0,
    output: expect.stringMatching(/^Handclasp echo server: open http:\/\/127\.0\.0\.1:\d+\/ in a browser\. .*\n$/),
  });
});

test("if the port is in use, the server prints an error of one line that says what to do", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  expect(await start(String(port)).ended).toEqual({
    code: 1,
    output: `port ${port} is used by another program: \`PORT=0 npm start\` uses a free one\n`,
  });
  other.close();
});

test("if PORT is not a number, the server prints an error of one line that says what to do", async () => {
  expect(await start("echo").ended).toEqual({
    code: 1,
    output: "PORT=echo is not a port number: `PORT=0 npm start` uses a free one\n",
  });
});
