/** A circuit learns in a real page. */
import { expect, test } from "vitest";
import { hasBrowser, inPage } from "../page.ts";
import { descend, type descendTogether } from "./browser-program.ts";

/**
 * The kernels are exactly rounded, but sines of angles are the engine's own: versions of V8 differ in their last bit, 1e-16, which training multiplies
 * by far less than a million in so few steps.
 */
function expectSame(found: readonly number[], here: readonly number[]): void {
  expect(found).toHaveLength(here.length);
  found.forEach((value, i) => expect(Math.abs(value - here[i])).toBeLessThan(1e-10));
}

test.skipIf(!hasBrowser)(
  "14 qubits train in headless Chromium as they do here",
  async () => {
    const here = descend(20);
    expect(here.at(-1)).toBeLessThan(here[0]);
    expectSame(await inPage<number[]>("test/quantum/browser-program.ts", "program.descend(20)"), here);
  },
  120_000,
);

test.skipIf(!hasBrowser)(
  "16 qubits train to the same bits by two threads in an isolated page, and by one in another",
  async () => {
    const ask = (isolated: boolean) =>
      inPage<Awaited<ReturnType<typeof descendTogether>>>("test/quantum/browser-program.ts", "program.descendTogether(6, 16)", isolated);
    const [together, alone] = [await ask(true), await ask(false)];
    expect([together.threads, alone.threads]).toEqual([true, false]);
    expect(together.losses).toEqual(alone.losses);
    expectSame(alone.losses, descend(6, 16));
  },
  120_000,
);
