/** A circuit learns in a real page. */
import { expect, test } from "vitest";
import { hasBrowser, inPage } from "../page.ts";
import { descend, type descendTogether } from "./browser-program.ts";

test.skipIf(!hasBrowser)(
  "14 qubits train in headless Chromium to the same bits as here",
  async () => {
    const here = descend(20);
    expect(here.at(-1)).toBeLessThan(here[0]);
    expect(await inPage<number[]>("test/quantum/browser-program.ts", "program.descend(20)")).toEqual(here);
  },
  120_000,
);

test.skipIf(!hasBrowser)(
  "16 qubits train to the same bits by two threads in an isolated page, and by one in another",
  async () => {
    const here = descend(6, 16);
    const ask = (isolated: boolean) =>
      inPage<Awaited<ReturnType<typeof descendTogether>>>("test/quantum/browser-program.ts", "program.descendTogether(6, 16)", isolated);
    expect(await ask(true)).toEqual({ threads: true, losses: here });
    expect(await ask(false)).toEqual({ threads: false, losses: here });
  },
  120_000,
);
