/** The same demos in Chromium: the same numbers from the same seed. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasBrowser, openPage } from "../page.ts";
import { firstFrames } from "./watch.ts";

const square = (x: number): (readonly [number, number])[] =>
  Array.from({ length: 40 }, (_, i) => [x + 0.4 * (((i * 0.7549) % 1) - 0.5), 0.4 * (((i * 0.5698) % 1) - 0.5)]);

const cases = [
  ["transport", { clouds: [square(-0.5), square(0.5)] }, 2],
  ["annealing", { chains: 2, doublings: 2 }, 2],
  ["molecules", { system: "H", walkers: 64, steps: 20 }, 6],
  ["optimizers", { width: 8, steps: 100, seeds: 1 }, 2],
] as const;

test.runIf(hasBrowser)("in a page the first frames are those of Node", async () => {
  const page = await openPage(fileURLToPath(new URL("./watch.ts", import.meta.url)));
  try {
    for (const [name, settings, most] of cases) {
      const inPage = await page.evaluate<unknown[]>(`program.firstFrames(${JSON.stringify(name)}, ${JSON.stringify(settings)}, ${most})`);
      expect(inPage.length).toBe(most);
      expect(inPage).toEqual(await firstFrames(name, settings, most));
    }
  } finally {
    await page.close();
  }
});
