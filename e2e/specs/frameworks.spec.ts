/** The examples for React, Vue and workers: each has one session, survives cuts and edits, and leaves nothing open. */
import type { EnginePage } from "../support/engine.ts";
import { type Example, startExample } from "../support/example.ts";
import { test as base, expect } from "../support/test.ts";

const test = base.extend<{ start(name: "react" | "vue" | "worker"): Promise<Example> }>({
  start: async ({ engine: _ }, use) => {
    const started: Example[] = [];
    await use(async (name) => {
      const example = await startExample(name);
      started.push(example);
      return example;
    });
    await Promise.all(started.map((example) => example.close()));
  },
});

/** The codes of the sessions at a path, in order. `undefined` is the code of a session that lives. */
const codesAt = ({ room }: Example, path: string): unknown[] =>
  room.visits.filter((visit) => visit.path === path).map(({ code }) => code);

const closedWithoutCode = 1005;

for (const name of ["react", "vue"] as const) {
  test(`${name}: a component has one session, loses no message in a cut, and closes when it goes`, async ({
    engine,
    start,
  }) => {
    const example = await start(name);
    const page = await engine.open(example.url);
    await waitForText(page, "#state", "open");
    await waitForText(page, "#sessions", "1");
    // StrictMode has mounted twice, and the first socket was closed before it reached the server.
    expect(codesAt(example, "/room")).toEqual([undefined]);

    await talkThroughCuts(page, example);
    expect(codesAt(example, "/room")).toEqual([undefined]);

    await press(page, "#door");
    await waitForText(page, "#sessions", "0");
    expect(codesAt(example, "/room")).toEqual([closedWithoutCode]);
    expect(codesAt(example, "/presence")).toEqual([undefined]);
    await press(page, "#door");
    await waitForText(page, "#state", "open");
    await waitForText(page, "#sessions", "1");
    expect(codesAt(example, "/room")).toEqual([closedWithoutCode, undefined]);
    await page.close();
  });
}

type Edit = {
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  /** The text that the page shows after the edit. */
  readonly shown: string;
  /** Whether a new session replaces the old one. */
  readonly renews: boolean;
};

const component = { text: "Cut all connections", replacement: "Cut them all", shown: "Cut them all" };
const line = '[{ id: 0, text: "the first" }]';
const edits: Record<"react" | "vue", readonly Edit[]> = {
  react: [
    { file: "src/Room.tsx", ...component, renews: false },
    {
      file: "src/useSecureWebSocket.ts",
      text: "...status, send",
      replacement: '...status, error: new Error("edited"), send',
      shown: "edited",
      renews: false,
    },
    // React mounts a component anew if its hooks, or their first values, have changed.
    { file: "src/Room.tsx", text: "([])", replacement: `(${line})`, shown: "the first", renews: true },
  ],
  vue: [
    { file: "src/Room.vue", ...component, renews: false },
    // Vue mounts a component anew if its script, or a module that it imports, has changed.
    { file: "src/Room.vue", text: "ref([])", replacement: `ref(${line})`, shown: "the first", renews: true },
    {
      file: "src/useSecureWebSocket.ts",
      text: '{ state: "open" }',
      replacement: '{ state: "open", error: new Error("edited") }',
      shown: "edited",
      renews: true,
    },
  ],
};

for (const name of ["react", "vue"] as const) {
  test(`${name}: an edited component, hook or store has one session`, { tag: "@chromium-only" }, async ({
    engine,
    start,
  }) => {
    const example = await start(name);
    const page = await engine.open(example.url);
    await waitForText(page, "#state", "open");
    await page.evaluate(() => {
      document.title = "not loaded again";
    });
    const expected: unknown[] = [undefined];
    for (const { file, text, replacement, shown, renews } of edits[name]) {
      await example.edit(file, text, replacement);
      await waitForText(page, "section", shown);
      if (renews) expected.unshift(closedWithoutCode);
      await eventually(() => codesAt(example, "/room")).toEqual(expected);
      await waitForText(page, "#state", "open");
      await say(page, `after ${shown}`);
      await waitForText(page, "ul", `after ${shown}`);
    }
    await example.edit("src/presence.ts", "JSON.parse(data)", 'JSON.parse(data.replace("1", "100"))');
    await waitForText(page, "#sessions", "100");
    await eventually(() => codesAt(example, "/presence")).toEqual([closedWithoutCode, undefined]);
    expect(await page.evaluate(() => document.title)).toBe("not loaded again");
    await page.close();
  });
}

for (const kind of ["shared", "dedicated"]) {
  test(`worker: a ${kind} worker has one session, loses no message in a cut, and ends with its last page`, async ({
    engine,
    start,
  }) => {
    const example = await start("worker");
    const page = await engine.open(`${example.url}${kind === "dedicated" ? "?dedicated" : ""}`);
    await waitForText(page, "#state", "open");
    await waitForText(page, "#pages", "1");
    await talkThroughCuts(page, example);

    if (kind === "shared" && (await page.evaluate(() => "SharedWorker" in globalThis))) {
      // A frame is a page of its own for a worker.
      await page.evaluate(() => {
        document.body.append(Object.assign(document.createElement("iframe"), { src: location.href }));
      });
      await waitForText(page, "#pages", "2");
      await page.evaluate(async () => {
        const frame = document.querySelector("iframe") as HTMLIFrameElement;
        const lines = (): string => frame.contentDocument?.querySelector("#lines")?.textContent ?? "";
        while (!lines().includes("39")) await new Promise((resolve) => setTimeout(resolve, 20));
        // The frame cannot say that it leaves.
        frame.remove();
      });
      await waitForText(page, "#pages", "1");
    }
    expect(codesAt(example, "/room")).toEqual([undefined]);

    await press(page, "#leave");
    await eventually(() => codesAt(example, "/room")).toEqual([closedWithoutCode]);
    await page.close();
  });
}

test("worker: an edited view keeps the session", { tag: "@chromium-only" }, async ({ engine, start }) => {
  const example = await start("worker");
  const page = await engine.open(example.url);
  await waitForText(page, "#state", "open");
  await example.edit("src/view.ts", ".textContent = text;", '.textContent = text + " (edited)";');
  // The page gets the new view at some time. No event tells it.
  for (let i = 0; !(await textOf(page, "#lines")).includes("(edited)"); i++) {
    await say(page, `${i}`);
    await waitForText(page, "#lines", `${i}`);
  }
  expect(codesAt(example, "/room")).toEqual([undefined]);
  await page.close();
});

/** Both sides say 20 texts while the server cuts the connection four times. The page shows each once, in order. */
async function talkThroughCuts(page: EnginePage, { room }: Example): Promise<void> {
  const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
  const expected: string[] = [];
  for (const [i, text] of texts.entries()) {
    if (i % 10 === 5) room.cut();
    if (i % 2 === 0) await say(page, text);
    else room.say(text);
    expected.push(text);
  }
  await eventually(() => linesOf(page)).toHaveLength(expected.length);
  const lines = await linesOf(page);
  // Each side keeps the order of its own messages.
  for (const remainder of [0, 1])
    expect(lines.filter((line) => Number(line.split(" ")[1]) % 2 === remainder)).toEqual(
      expected.filter((_, i) => i % 2 === remainder),
    );
}

/** As `expect.poll`, whose intervals grow to a second. */
const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { intervals: [50] });

function say(page: EnginePage, text: string): Promise<void> {
  return page.evaluate((text) => {
    const form = document.querySelector("form") as HTMLFormElement;
    const input = form.querySelector("input") as HTMLInputElement;
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    form.requestSubmit();
  }, text);
}

const press = (page: EnginePage, button: string): Promise<void> =>
  page.evaluate((button) => (document.querySelector(button) as HTMLButtonElement).click(), button);

const textOf = (page: EnginePage, selector: string): Promise<string> =>
  page.evaluate((selector) => document.querySelector(selector)?.textContent ?? "", selector);

const linesOf = (page: EnginePage): Promise<string[]> =>
  page.evaluate(() => [...document.querySelectorAll("li")].map((item) => item.textContent ?? ""));

const waitForText = (page: EnginePage, selector: string, text: string): Promise<void> =>
  eventually(() => textOf(page, selector)).toContain(text);
