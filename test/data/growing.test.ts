import { expect, test } from "vitest";
import { growingList } from "../../src/data/growing.ts";

const sizes = [2, 2 ** 10, 2 ** 19, 2 ** 20, 2 ** 20 + 6, 2 ** 21, 2 ** 22];

test("lists that grow keep their numbers, where they are copied and where they lie, and do not touch each other", () => {
  const first: Uint32Array = new Uint32Array(2);
  const lists = [7, 11].map((factor) => ({ factor, makeRoom: growingList(), list: first, used: 0 }));
  for (const size of sizes)
    for (const grown of lists) {
      grown.list = grown.makeRoom(grown.list.subarray(0, grown.used), size);
      expect(grown.list.length).toBe(size);
      for (; grown.used < size - 1; grown.used++) grown.list[grown.used] = grown.factor * grown.used;
    }
  for (const { factor, list, used } of lists) expect(list.subarray(0, used).every((x, i) => x === factor * i)).toBe(true);
});

test("a list that grew where it lies can be copied on", () => {
  const makeRoom = growingList();
  const large = makeRoom(Uint32Array.of(1, 2, 3), 2 ** 20);
  expect([...makeRoom(large.subarray(0, 3), 8)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0]);
});
