/** Uses the command line by `npx`, as a user does: it makes certificates, and talks to a server. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Runs `npx handclasp` with "hello" on stdin, and returns its stdout. */
function npx(...args) {
  return new Promise((resolve, reject) => {
    const child = execFile("npx", ["--offline", "handclasp", ...args], (error, stdout, stderr) =>
      error ? reject(new Error(`${stderr}${stdout}`, { cause: error })) : resolve(stdout),
    );
    child.stdin.end("hello");
  });
}

assert.match(await npx("certs", "certificates"), /certificates\/ca\.pem/);
const flags = ["--cert", "certificates/server.pem", "--key", "certificates/server.key"];
const server = spawn(process.execPath, ["node_modules/.bin/handclasp", "serve", "--tcp", "0", "--json", ...flags]);
try {
  const [line] = await once(createInterface(server.stdout), "line");
  const { event, url } = JSON.parse(line);
  assert.equal(event, "listening");
  assert.equal(await npx("connect", url, "--ca", "certificates/ca.pem"), "hello");
} finally {
  server.kill();
}
