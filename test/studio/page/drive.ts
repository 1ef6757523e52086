/** A browser for tests of the page: whatever a page complains of, errors and broken rules of content among it, is a fault of the test. */
import { readFileSync } from "node:fs";
import type { AxeResults, RunOptions } from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { browserArguments, browserPath } from "../../page.ts";

const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: browserPath, timeout: 60_000, args: browserArguments });

/**
 * Shows a page to `look`.
 * @param expected  complaints that the test provokes
 * @throws for any other complaint of the page
 */
export async function visit(
  browser: Browser,
  url: string,
  look: (page: Page) => Promise<void>,
  expected?: RegExp,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light", ...options });
  const complaints: string[] = [];
  const complain = (text: string): void => void (expected?.test(text) || complaints.push(text));
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on(
      "console",
      (message) => ["error", "warning"].includes(message.type()) && complain(`${message.text()} ${message.location().url}`),
    );
    page.on("pageerror", (error) => complain(error.stack ?? error.message));
    await page.goto(url);
    await look(page);
  } finally {
    await context.close();
  }
  if (complaints.length > 0) throw new Error(`the page complains:\n${complaints.join("\n")}`);
}

/** What axe finds wrong, a line each. */
export async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const options: RunOptions = { resultTypes: ["violations"] };
  const { violations } = await page.evaluate<Pick<AxeResults, "violations">>(
    `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => ({ violations: violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) })) }))`,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
}
