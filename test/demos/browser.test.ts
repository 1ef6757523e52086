/**
 * The same demos in Chromium: the same numbers from the same seed. Programs compute the same bits, as does the generator of random numbers; `Math.exp` and
 * `Math.log` of Node and of Chromium differ in the last bit of a double, so that numbers made of them on the way are compared to five digits.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { demoAssets } from "../../scripts/demo-assets.ts";
import { hasBrowser, openPage } from "../page.ts";
import { firstFrames } from "./watch.ts";

const square = (x: number): (readonly [number, number])[] =>
  Array.from({ length: 40 }, (_, i) => [x + 0.4 * (((i * 0.7549) % 1) - 0.5), 0.4 * (((i * 0.5698) % 1) - 0.5)]);

const cases = [
  ["transport", { clouds: [square(-0.5), square(0.5)] }, 2],
  ["annealing", { chains: 2, doublings: 2 }, 2],
  ["molecules", { system: "H", walkers: 64, steps: 20 }, 6],
  ["optimizers", { width: 8, steps: 100, seeds: 1 }, 2],
  ["hypernetwork", { units: "1", layers: 1, restarts: 1 }, 3],
  ["graph", { vertices: 1000, links: 2 }, 3],
  ["steering", { beta: 2, length: 6, particles: "16" }, 3],
  ["inversion", { gamma: "0.01" }, 3],
] as const;

/** Where two trees differ: numbers by more than a 1e-5 of them, or of 1; all else at all. */
function compare(page: unknown, node: unknown, path = ""): string[] {
  if (typeof page === "number" && typeof node === "number")
    return Math.abs(page - node) <= 1e-5 * Math.max(1, Math.abs(node)) ? [] : [`${path}: ${page} in the page, ${node} in Node`];
  if (typeof page !== "object" || typeof node !== "object" || page === null || node === null)
    return page === node ? [] : [`${path}: ${page} in the page, ${node} in Node`];
  const [inPage, inNode] = [new Map(Object.entries(page)), new Map(Object.entries(node))];
  const keys = new Set([...inPage.keys(), ...inNode.keys()]);
  return [...keys].flatMap((key) => compare(inPage.get(key), inNode.get(key), `${path}.${key}`));
}

test.runIf(hasBrowser)("in a page the first frames are those of Node", async () => {
  const assets = (name: string): Promise<Uint8Array> => demoAssets[name]();
  const files = new Map(await Promise.all(Object.keys(demoAssets).map(async (name) => [`/${name}`, await assets(name)] as const)));
  const page = await openPage(fileURLToPath(new URL("./watch.ts", import.meta.url)), { files, isolated: true });
  try {
    for (const [name, settings, most] of cases) {
      const inPage = await page.evaluate<unknown[]>(`program.firstFrames(${JSON.stringify(name)}, ${JSON.stringify(settings)}, ${most})`);
      expect(inPage.length).toBe(most);
      expect(compare(inPage, await firstFrames(name, settings, most, assets), name)).toEqual([]);
    }
  } finally {
    await page.close();
  }
});
