/** The example of enrolment: the browser keeps a key that no script can read, and uses its certificate. */
import { startDeviceServer } from "@handclasp/example-enrolment";
import type { EnginePage } from "../support/engine.ts";
import { expect, test } from "../support/test.ts";

test("a page gets a certificate, keeps it for the next page, renews it, and has it revoked", async ({ engine }) => {
  const server = await startDeviceServer();
  const page = await engine.open(server.url);
  await answers(page, "You have no certificate.");
  await press(page, "enrol", "wrong");
  await answers(page, "TlsError: no certificate: the server does not allow it");
  await press(page, "enrol", "let me in");
  await answers(page, "You are CN=tablet.");
  expect(await keptKey(page)).toEqual([false, "sign"]);

  // A frame is a page of its own, which reads the key from IndexedDB.
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("iframe"), { src: location.href }));
  });
  await expect
    .poll(() => page.evaluate(() => frames[0]?.document.getElementById("answer")?.textContent ?? ""))
    .toBe("You are CN=tablet.");

  await press(page, "renew", "");
  await answers(page, "You are CN=tablet.");
  await press(page, "revoke", "");
  await answers(page, "You have no certificate.");
  expect(await keptKey(page)).toEqual([]);
  await page.close();
  await server.close();
});

function press(page: EnginePage, button: string, proof: string): Promise<void> {
  return page.evaluate(
    ({ button, proof }) => {
      (document.getElementById("proof") as HTMLInputElement).value = proof;
      document.getElementById(button)?.click();
    },
    { button, proof },
  );
}

const answers = (page: EnginePage, text: string): Promise<void> =>
  expect.poll(() => page.evaluate(() => document.getElementById("answer")?.textContent ?? "")).toBe(text);

/** Whether the key of the page can be extracted, and its usages. An empty list without a key. */
const keptKey = (page: EnginePage): Promise<unknown> =>
  page.evaluate(
    () =>
      new Promise<(boolean | string)[]>((resolve) => {
        const opening = indexedDB.open("handclasp", 1);
        opening.onsuccess = () => {
          const kept = opening.result.transaction("identities").objectStore("identities").get("default");
          kept.onsuccess = () => {
            const key: CryptoKey | undefined = kept.result?.key;
            opening.result.close();
            resolve(key ? [key.extractable, ...key.usages] : []);
          };
        };
      }),
  );
