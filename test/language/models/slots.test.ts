import { expect, test } from "vitest";
import { movesOf } from "../../../src/language/models/slots.ts";
import fc from "../../property.ts";

test("every row finds what its ancestor had, and only rows beyond the first child are copied", () => {
  const cases = fc.integer({ min: 1, max: 12 }).chain((n) =>
    fc.record({
      ancestors: fc.array(fc.nat(n - 1), { minLength: n, maxLength: n }),
      slots: fc.shuffledSubarray([...Array(n).keys()], { minLength: n }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ ancestors, slots }) => {
      const before = Int32Array.from(slots);
      const moves = movesOf(Int32Array.from(ancestors), before);
      const held = slots.map((_, slot) => slots.indexOf(slot));
      for (const [from, to] of moves.copies) held[to] = held[from];
      expect(Array.from(moves.slots, (slot) => held[slot])).toEqual(ancestors);
      expect(moves.slots.toSorted()).toEqual(before.toSorted());
      expect(moves.copies.length).toBe(ancestors.length - new Set(ancestors).size);
      const written = new Set(moves.copies.map(([, to]) => to));
      expect(moves.copies.some(([from]) => written.has(from))).toBe(false);
    }),
  );
});
