/** The server and the `fetch` of WPT's fetch tests, together, and the list of their pages. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createFetch } from "@handclasp/node/fetch";
import { testCa } from "@handclasp/testing";
import { afterAll, expect, test } from "vitest";
import { checkExceptions } from "../../src/wpt/exceptions.ts";
import { pageFetch } from "../../src/wpt/inject/pageFetch.ts";
import { serveHttp } from "../../src/wpt/server/httpChannels.ts";
import { Site } from "../../src/wpt/server/site.ts";
import { listPages } from "../../src/wpt/tests.ts";

const ca = await testCa();
const certificate = await ca.issue();
const tree = mkdtempSync(join(tmpdir(), "wpt-fetch-"));
const files = {
  "fetch/api/basic/a.any.js": "// META: global=window,worker\n",
  "fetch/api/cors/b.any.js": "",
  "fetch/api/basic/c.html": "<script src=/resources/testharness.js></script>",
  "fetch/api/resources/top.txt": "top",
  "fetch/api/resources/raw.asis": "HTTP/1.1 200 Raw\r\nContent-Length: 3\r\n\r\nraw",
};
for (const [path, text] of Object.entries(files)) {
  mkdirSync(join(tree, dirname(path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}
const site = new Site({ tree, certificate, multiplier: 1, injects: false, injected: () => "" });
await site.listen();
const carrier = await serveHttp(site, certificate);
const page = new URL("/fetch/api/basic/a.any.html", site.origin);
const fetch = pageFetch(createFetch, { ca: ca.pem, carrier, page });
afterAll(() => {
  site.close();
  rmSync(tree, { recursive: true });
});

test("files, resources and raw responses come through channels, relative to the page", async () => {
  const headers = { "content-type": "x/y" };
  const echo = await fetch("../resources/echo-content.py", { method: "POST", body: "abc", headers });
  expect([echo.headers.get("x-request-content-type"), await echo.text()]).toEqual(["x/y", "abc"]);
  expect(await (await fetch("../resources/top.txt")).text()).toBe("top");
  const raw = await fetch("../resources/raw.asis");
  expect([raw.statusText, await raw.text()]).toEqual(["Raw", "raw"]);
  expect((await fetch("/none.py")).status).toBe(404);
});

test("a redirect counts, and may go to the other origin of the site", async () => {
  const query = "token=1&max_count=3&location=redirect.py";
  expect(await (await fetch(`../resources/redirect.py?${query}`)).text()).toBe("3");
  const other = `http://127.0.0.1:${page.port}/fetch/api/resources/top.txt`;
  const response = await fetch(`../resources/redirect.py?simple&location=${other}`);
  expect([response.url, response.redirected, await response.text()]).toEqual([other, true, "top"]);
});

test("the list has the scripts that apply", () => {
  expect(listPages(tree, "node", "fetch").map(({ path }) => path)).toEqual(["/fetch/api/basic/a.any.html"]);
  expect(listPages(tree, "chromium", "fetch").map(({ scope }) => scope)).toEqual([
    "window",
    "worker",
    "sharedworker",
    "serviceworker",
  ]);
});

test("an exception names a file below the folder of its suite", () => {
  const loss = { file: "/fetch/api/basic/a.any.js", path: "", name: "b", how: "" };
  const exceptions = [{ engines: ["node"], file: "basic/a.any", subtest: "b" }];
  expect(checkExceptions("node", [loss], exceptions, "fetch/api")).toEqual({ notListed: [], notSeen: [] });
  expect(checkExceptions("node", [loss], exceptions).notListed).toEqual([loss]);
});
