/**
 * Tests of the lessons of the example's page: its numbers, its labels, and the things to try. The page
 * shows failures in the same way in every engine: channel.spec.ts tests the alerts, resumption and client certificates
 * in each one.
 */
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { EchoServer } from "@handclasp/example-echo-server";
import type { Page } from "@playwright/test";
import { connect, echo, openAll, rung, test } from "../support/examplePage.ts";
import { expect } from "../support/test.ts";

const chromiumOnly = { tag: "@chromium-only" };

test("the textbook has its seven steps, without extended_master_secret and encrypt_then_mac", async ({
  examplePage: page,
  example,
}) => {
  const suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
  await page.getByRole("radio", { name: "Textbook" }).check();
  await connect(page);
  await expect(page.getByTestId("chosen")).toContainText(suite);
  await expect(rung(page, "client_key_exchange")).toBeVisible();
  await expect(rung(page, "server_key_exchange")).toHaveCount(0);
  await echo(page, "Hello, textbook");
  await expect(page.locator(".steps button:enabled")).toHaveCount(7);
  const session = { suite, extendedMasterSecret: false, encryptThenMac: false };
  expect(example.events).toMatchObject([{ type: "established", session }]);
  await expect(rung(page, "master_secret")).toContainText("“master secret”, client random ‖ server random");
  await rung(page, "application_data").first().locator("summary").first().click();
  for (const part of ["content", "MAC", "padding_length", "IV", "ciphertext"])
    await expect(rung(page, "application_data").first().getByTestId("protection").getByTestId(part)).toBeVisible();
});

test(
  "the textbook's numbers on the page are those that node:crypto and openssl compute",
  chromiumOnly,
  async ({ examplePage: page }) => {
    await page.getByRole("radio", { name: "Textbook" }).check();
    await connect(page);
    await echo(page, "Hello, textbook");
    await openAll(page);
    const shown = async (name: string, selector = "code.hex"): Promise<Buffer> =>
      fromHex((await rung(page, name).locator(selector).first().textContent()) ?? "");
    const [client, server] = [await shown("client_hello", "mark"), await shown("server_hello", "mark")];
    const premaster = await shown("premaster_secret");
    const master = await shown("master_secret");
    expect(premaster.subarray(0, 2)).toEqual(Buffer.of(3, 3));
    expect(prf(premaster, Buffer.concat([Buffer.from("master secret"), client, server]), 48)).toEqual(master);
    const keys = ["client_write_MAC_key", "server_write_MAC_key", "client_write_key", "server_write_key"];
    const shownKeys = await Promise.all(
      keys.map(async (name) => fromHex((await page.getByTestId(name).locator("code").textContent()) ?? "")),
    );
    const block = Buffer.concat(shownKeys);
    expect(prf(master, Buffer.concat([Buffer.from("key expansion"), server, client]), block.length)).toEqual(block);

    const figures = page.locator(".inside details.aside:has(pre)");
    expect(await figures.count()).toBeGreaterThan(4); // the master secret, the key block, Finished and data
    for (const figure of await figures.all()) {
      const commands = await figure.locator("pre").allInnerTexts();
      const results = await figure.locator("pre + p code").allInnerTexts();
      for (const [i, command] of commands.entries()) expect(run(command), command).toEqual(fromHex(results[i] ?? ""));
    }
  },
);

test("pointing at a byte, and the arrow keys, name its field, section and meaning", async ({ examplePage: page }) => {
  await connect(page);
  await rung(page, "client_hello").locator("summary").first().click();
  const [bytes, label] = [page.getByTestId("bytes"), page.getByTestId("byte-label")];
  await bytes.locator('[data-path="random"]').hover();
  await expect(label).toContainText("random");
  await expect(label).toContainText("RFC 5246 §7.4.1.2");
  await expect(label).toContainText("32 random bytes");
  await bytes.focus();
  await page.keyboard.press("Home");
  await expect(label).toContainText("msg_type");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(label).toContainText("client_version");
  await expect(label).toContainText("TLS 1.2 (0x0303)");
});

test(
  "with a wrong certificate, the certificate's step says why it was refused",
  chromiumOnly,
  async ({ examplePage: page }) => {
    for (const [name, code] of [
      ["wrong_ca", "unknown_issuer"],
      ["expired", "expired"],
      ["wrong_host", "name_mismatch"],
    ] as const) {
      await page.getByTestId("attempt").selectOption(name);
      await expect(page.getByTestId("effect")).not.toBeEmpty();
      await page.getByTestId("connect").click();
      await expect(page.getByTestId("error-code")).toHaveText(code);
      await expect(rung(page, "certificate").getByTestId("refused")).toContainText(code);
    }
  },
);

test(
  "with a client certificate, the client sends Certificate and CertificateVerify",
  chromiumOnly,
  async ({ examplePage: page }) => {
    await page.getByTestId("attempt").selectOption("client_certificate");
    await connect(page);
    await expect(rung(page, "certificate_request")).toHaveAttribute("data-from", "server");
    await expect(rung(page, "certificate").last()).toHaveAttribute("data-from", "client");
    await expect(rung(page, "certificate_verify")).toHaveAttribute("data-from", "client");
  },
);

test("a resumed session is figure 2", chromiumOnly, async ({ examplePage: page, example }) => {
  await page.getByTestId("attempt").selectOption("resumption");
  await connect(page);
  await expect(rung(page, "resumption")).toBeVisible();
  await expect(rung(page, "certificate")).toHaveCount(0);
  await expect(rung(page, "client_key_exchange")).toHaveCount(0);
  await expect(rung(page, "finished").first()).toHaveAttribute("data-from", "server");
  await expect
    .poll(() => example.events.map((event) => event.type === "established" && event.session.resumed))
    .toEqual([false, false, true]);
});

test(
  "a replayed record is bad_record_mac, and a cut connection is an error",
  chromiumOnly,
  async ({ examplePage: page, example }) => {
    await connect(page);
    await page.getByTestId("message-attempt").selectOption("replay");
    await page.getByTestId("send").click();
    await expect(page.getByTestId("error-code")).toHaveText("bad_record_mac");
    await expect(page.getByTestId("replay")).toHaveCount(1);
    await expect.poll(() => example.events.at(-1)).toMatchObject({ type: "error", error: { code: "bad_record_mac" } });
    await connect(page);
    await page.getByTestId("message-attempt").selectOption("cut");
    await page.getByTestId("send").click();
    await expect(page.getByTestId("cut")).toHaveCount(1);
    await expect(page.getByTestId("error-code")).toHaveText("truncated");
  },
);

// Playwright hears of no download in a stock Firefox: the test would wait for its event for ever.
test("a saved recording is the same when loaded", chromiumOnly, async ({ examplePage: page }) => {
  await connect(page);
  await echo(page, "kept");
  const rungs = page.getByTestId("ladder").locator("> li");
  const before = await rungs.evaluateAll((all) => all.map((element) => element.getAttribute("data-testid")));
  await page.locator(".tools > summary").click();
  const download = page.waitForEvent("download");
  await page.getByTestId("save-json").click();
  const path = await (await download).path();
  await page.getByTestId("connect").click();
  await expect(page.getByTestId("status")).toHaveAttribute("data-state", "idle");
  await page.locator(".tools").evaluate((element) => {
    (element as HTMLDetailsElement).open = true;
  });
  await page
    .getByTestId("load")
    .setInputFiles({ name: "a.json", mimeType: "application/json", buffer: readFileSync(path) });
  await expect.poll(() => rungs.count()).toBe(before.length);
  expect(await rungs.evaluateAll((all) => all.map((element) => element.getAttribute("data-testid")))).toEqual(before);
});

test("the Korean page explains in Korean", chromiumOnly, async ({ examplePage: page }) => {
  await page.getByRole("link", { name: "한국어" }).click();
  await page.waitForURL("**/ko.html"); // and until its script has run, as after every load
  await connect(page);
  await expect(page.getByTestId("next")).toHaveText("다음");
  await rung(page, "client_hello").locator("summary").first().click();
  await expect(rung(page, "client_hello").locator(".inside")).toContainText("클라이언트가 시작합니다");
});

test(
  "after a flipped bit in the handshake, the error card shows the alert",
  chromiumOnly,
  async ({ examplePage: page, example }) => {
    for (const [flip, alert, by] of [
      ["server_hello", "decrypt_error", "client"],
      ["client_key_exchange", "bad_record_mac", "server"],
    ] as const) {
      await page.getByTestId("attempt").selectOption(flip);
      await page.getByTestId("connect").click();
      await expectFailure(page, example, alert, by);
    }
  },
);

test(
  "after a flipped bit in a message, the error card shows bad_record_mac",
  chromiumOnly,
  async ({ examplePage: page, example }) => {
    for (const [flip, by] of [
      ["message", "server"],
      ["echo", "client"],
    ] as const) {
      await connect(page);
      await page.getByTestId("message-attempt").selectOption(flip);
      await page.getByTestId("send").click();
      await expectFailure(page, example, "bad_record_mac", by);
      await expect(page.getByTestId("error-fault")).toHaveText("the path");
      await expect(page.getByTestId("echo")).toHaveText("");
    }
  },
);

const fromHex = (text: string): Buffer => Buffer.from(text.replace(/[^0-9a-f]/gi, ""), "hex");

/** PRF(secret, seed) with SHA-256, RFC 5246 §5. The seed begins with the label. */
function prf(secret: Buffer, seed: Buffer, length: number): Buffer {
  const hmac = (data: Buffer): Buffer => createHmac("sha256", secret).update(data).digest();
  let a = seed;
  let output = Buffer.alloc(0);
  while (output.length < length) {
    a = hmac(a);
    output = Buffer.concat([output, hmac(Buffer.concat([a, seed]))]);
  }
  return output.subarray(0, length);
}

/** Runs a command of the page in a shell, and returns the bytes that it prints in hexadecimal. */
function run(command: string): Buffer {
  const path = [dirname(process.execPath), dirname(process.env.HANDCLASP_OPENSSL ?? ""), process.env.PATH];
  return fromHex(spawnSync("sh", ["-c", command], { env: { PATH: path.join(":") }, encoding: "utf8" }).stdout);
}

/** Expects the failure on both sides: `by` sent the alert, and the other side received it. */
async function expectFailure(page: Page, example: EchoServer, alert: string, by: "client" | "server"): Promise<void> {
  await expect(page.getByTestId("error")).toBeVisible();
  await expect(page.getByTestId("error-alert")).toHaveText(alert);
  await expect(page.getByTestId("error-noticed-by")).toContainText(by === "client" ? "the client" : "the server");
  await expect(page.getByTestId("flip")).toHaveCount(1);
  await expect(page.getByTestId("status")).toHaveAttribute("data-state", "failed");
  await expect
    .poll(() => example.events.at(-1))
    .toMatchObject({ type: "error", error: { alert, by: by === "client" ? "peer" : "us" } });
}
