/** Steering in a page: the same texts as in Node. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasBrowser, inPage } from "../page.ts";
import { type Outcome, steered } from "./page.ts";

const program = fileURLToPath(new URL("./page.ts", import.meta.url));

/**
 * WebAssembly adds f32 numbers in another order than the CPU: logits differ by some 1e-6. A draw is another one only where its uniform is
 * that near to a step of the cumulative probabilities, which happens to one of 64 x 18 draws in one of a hundred seeds or so; then the
 * texts of that particle and of its descendants are others. With these seeds it does not happen.
 */
test.runIf(hasBrowser)("64 particles are the same texts in Chromium as in Node, with the same log Z", async () => {
  const page = await inPage<Outcome[]>(program, "program.steered(1).then(async (first) => [first, await program.steered(2)])");
  for (const [i, seed] of [1, 2].entries()) {
    const [here, there] = [await steered(seed), page[i]];
    expect(there.texts).toEqual(here.texts);
    expect(there.resampled).toEqual(here.resampled);
    expect(Math.abs(there.logZ - here.logZ)).toBeLessThan(1e-3);
    // both moved: there was resampling, and there are many texts
    expect(here.resampled.length).toBeGreaterThan(0);
    expect(new Set(here.texts).size).toBeGreaterThan(8);
  }
});
