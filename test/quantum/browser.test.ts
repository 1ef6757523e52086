/** A circuit learns in a real page. */
import { expect, test } from "vitest";
import { hasBrowser, inPage } from "../page.ts";
import { descend } from "./browser-program.ts";

test.skipIf(!hasBrowser)(
  "14 qubits train in headless Chromium to the same bits as here",
  async () => {
    const here = descend(20);
    expect(here.at(-1)).toBeLessThan(here[0]);
    expect(await inPage<number[]>("test/quantum/browser-program.ts", "program.descend(20)")).toEqual(here);
  },
  120_000,
);
