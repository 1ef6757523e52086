/** Spoilt files of every format end in a message. `npm run study:fuzz` tries many more. */
import { expect, test } from "vitest";
import { fuzz, targets } from "./mutations.ts";

for (const [name, { slow }] of Object.entries(targets))
  test(`${name}: spoilt files are refused in words, or read`, async () => {
    const count = slow ? 12 : 120;
    let refused = 0;
    for (let seed = 1; seed <= count; seed++) if (await fuzz(name, seed)) refused++;
    expect(refused).toBeGreaterThan(0);
  });
