/** Tests of the example's page: its form, its layout, the keyboard and accessibility. */
import type { Page } from "@playwright/test";
import { connect, echo, expectAccessible, expectNoOverflow, openAll, rung, test } from "../support/examplePage.ts";
import { expect } from "../support/test.ts";

const sevenSteps = [
  "ClientHello",
  "ServerHello",
  "Certificate",
  "ServerHelloDone",
  "ClientKeyExchange",
  "Master secret",
  "Session keys",
];

test("after connecting, the seven steps are buttons, and the server echoes a message", async ({
  examplePage: page,
  example,
}) => {
  const buttons = page.locator(".steps button");
  expect(await buttons.evaluateAll((all) => all.map((button) => (button as HTMLElement).title))).toEqual(sevenSteps);
  await expect(page.locator(".steps button:enabled")).toHaveCount(0);
  await connect(page);
  await expect(page.locator(".steps button:enabled")).toHaveCount(7);
  await buttons.nth(6).click();
  await expect(page.getByTestId("client_write_key")).toBeVisible();
  await echo(page, "grüß dich, 世界");
  for (const message of ["client_hello", "server_hello", "certificate", "server_key_exchange", "client_key_exchange"])
    await expect(rung(page, message)).toBeVisible();
  for (const secret of ["premaster_secret", "master_secret", "session_keys"])
    await expect(rung(page, secret)).toBeVisible();
  await expect(rung(page, "finished")).toHaveCount(2);

  await page.getByTestId("connect").click(); // the button's text is "Disconnect" now
  await expect(page.getByTestId("status")).toHaveAttribute("data-state", "idle");
  await expect.poll(() => example.events.map(({ type }) => type)).toEqual(["established", "closed"]);
});

test("the page fits a small phone, a phone and a desktop", async ({ examplePage: page }) => {
  const expectFit = async (): Promise<void> => {
    for (const [width, height] of [
      [320, 568],
      [390, 844],
      [1280, 800],
    ] as const) {
      await page.setViewportSize({ width, height });
      await expectNoOverflow(page);
    }
  };
  await expectFit();
  await page.getByRole("radio", { name: "Textbook" }).check(); // the encrypted premaster secret is the widest row
  await connect(page);
  await echo(page, "x".repeat(1000));
  await openAll(page);
  await expectFit();
  await page.getByTestId("message-attempt").selectOption("message");
  await page.getByTestId("send").click();
  await expect(page.getByTestId("error")).toBeVisible();
  await expectFit();
});

test("on a phone, Next walks through the handshake without scrolling back, and nothing covers a step", async ({
  examplePage: page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ reducedMotion: "reduce" });
  await connect(page);
  await expect(page.locator("#choices")).toBeHidden(); // the options are one line
  await expect(rung(page, "client_hello")).toBeInViewport();
  const next = page.getByTestId("next");
  const tops: number[] = [];
  const titles: string[] = [];
  while (await next.isEnabled()) {
    await next.click();
    let step = { title: "", top: 0 };
    await expect
      .poll(
        async () => {
          const { title, top, ...state } = await currentStep(page);
          step = { title, top };
          return state;
        },
        { intervals: [50] },
      )
      .toEqual({ isFocused: true, isUncovered: true });
    titles.push(step.title);
    tops.push(step.top);
  }
  expect(titles.length).toBeGreaterThan(10);
  expect(titles[0]).toBe("ClientHello");
  expect(tops).toEqual([...tops].sort((a, b) => a - b)); // each step is below the step before
  await page.getByTestId("back").click();
  await expect(page.getByTestId("where")).toContainText(titles.at(-2) ?? "");
});

test("the keyboard alone connects, walks and opens a step, which shows its decoded fields", async ({
  examplePage: page,
}) => {
  await page.getByTestId("connect").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("status")).toHaveAttribute("data-state", "open");
  await rung(page, "client_hello").locator("summary").focus();
  await page.keyboard.press("ArrowDown");
  await expect(rung(page, "server_hello").locator("summary")).toBeFocused();
  await page.keyboard.press("Enter");
  const fields = rung(page, "server_hello").locator(".inside");
  await expect(fields).toBeVisible();
  await expect(fields).toContainText("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  await page.keyboard.press("Home");
  await expect(rung(page, "client_hello").locator("summary")).toBeFocused();
});

test("without JavaScript, the page says what is missing", { tag: "@chromium-only" }, async ({ browser, example }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(example.url);
  await expect(page.locator(".noscript")).toContainText("needs JavaScript");
  await context.close();
});

// One engine is enough, because the rules check the document, which is the same in every engine.
test("the page is accessible in light and dark mode, with all details open and after a failure", {
  tag: "@chromium-only",
}, async ({ examplePage: page }) => {
  await expectAccessible(page);
  await connect(page);
  await echo(page, "hello");
  await openAll(page);
  await expectAccessible(page);
  await page.getByTestId("message-attempt").selectOption("echo");
  await page.getByTestId("send").click();
  await expect(page.getByTestId("error")).toBeVisible();
  await expectAccessible(page);
});

/** Returns all of the current step at once, because each question to Firefox takes long. */
const currentStep = (page: Page) =>
  page.locator("li[aria-current=step]").evaluate((element: HTMLElement) => {
    const root = element.getRootNode() as ShadowRoot;
    const heading = element.querySelector("h3") as HTMLElement;
    const [{ top, bottom }, bar] = [heading, root.querySelector(".walk") as HTMLElement].map((one) =>
      one.getBoundingClientRect(),
    ) as [DOMRect, DOMRect];
    return {
      title: heading.textContent ?? "",
      top: element.offsetTop,
      isFocused: root.activeElement === element.querySelector("summary"),
      isUncovered: top >= 0 && bottom <= bar.top && bar.top < innerHeight,
    };
  });
