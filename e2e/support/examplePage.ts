/** The page of the example, with the server that `npm start` starts. */
import { type EchoServer, startEchoServer } from "@handclasp/example-echo-server";
import type { Locator, Page } from "@playwright/test";
import axe from "axe-core";
import { test as base, expect } from "./test.ts";

export const test = base.extend<{ example: EchoServer; examplePage: Page }>({
  example: async ({ skipMissing: _ }, use) => {
    const server = await startEchoServer();
    await use(server);
    await server.close();
  },
  /** The example's page. The test fails if the page throws or logs an error (a violated CSP is one). */
  examplePage: async ({ page, example }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(example.url);
    await use(page);
    expect(errors).toEqual([]);
    await page.close(); // the server that closes gives an open connection five seconds to finish
  },
});

export async function connect(page: Page): Promise<void> {
  await page.getByTestId("connect").click();
  await expect(page.getByTestId("status")).toHaveAttribute("data-state", "open");
}

export async function echo(page: Page, text: string): Promise<void> {
  await page.getByTestId("message").fill(text);
  await page.getByTestId("send").click();
  await expect(page.getByTestId("echo")).toHaveText(text);
  await expect(rung(page, "application_data")).toHaveCount(2);
}

export async function expectNoOverflow(page: Page): Promise<void> {
  const [content, viewport] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth] as const);
  expect(content).toBeLessThanOrEqual(viewport);
}

const allRules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Expects no violation of axe's rules for WCAG 2.2, levels A and AA, and of axe's best practices, in light and dark
 * mode. Only the rule of the contrast depends on the mode.
 */
export async function expectAccessible(page: Page): Promise<void> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  for (const [colorScheme, rules] of [
    ["light", allRules],
    ["dark", ["color-contrast"]],
  ] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" }); // while rows fade in, their contrast is low
    const { violations } = await page.evaluate(
      (values) => (globalThis as unknown as { axe: typeof axe }).axe.run({ runOnly: [...values] }),
      rules,
    );
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
      colorScheme,
    ).toEqual([]);
  }
}

/** Returns the rungs of a message or secret. */
export const rung = (page: Page, name: string): Locator => page.getByTestId("ladder").getByTestId(name);

/** Opens the details of every rung, and the details in them. */
export async function openAll(page: Page): Promise<void> {
  const ladder = page.getByTestId("ladder");
  for (const selector of ["li > details", ".inside details"])
    await ladder.evaluate((element, closed) => {
      for (const details of element.querySelectorAll<HTMLDetailsElement>(closed)) details.open = true;
    }, selector);
  await expect(ladder.locator(".inside").last()).toBeVisible();
}
