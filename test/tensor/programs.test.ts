/** Compiled programs: how many are kept, what is refused, and inputs that are changed too early. */
import { expect, test } from "vitest";
import { array, type NdArray } from "../../src/array/index.ts";
import { TensorError } from "../../src/errors.ts";
import * as pf from "../../src/tensor/index.ts";
import { programCache } from "../../src/tensor/programs.ts";

test("the programs of a function are bounded in number: the one used longest ago goes first, and is freed when no call uses it", async () => {
  const freed: string[] = [];
  const cache = programCache<string>(2, async (program) => void freed.push(program));
  const use = (key: string, job = async (program: string) => program) => cache.use(key, async () => key, job);
  await use("a");
  await use("b");
  await use("a");
  await use("c");
  expect(freed).toEqual(["b"]);
  let finish = (): void => undefined;
  const slow = use("a", (program) => new Promise((resolve) => (finish = () => resolve(program))));
  await use("b");
  await use("c");
  expect(freed).toEqual(["b", "c"]); // "a" was dropped and is still in use
  finish();
  await slow;
  expect(freed).toEqual(["b", "c", "a"]);
  await cache.dispose();
  expect(freed.toSorted()).toEqual(["a", "b", "b", "c", "c"]);
  await expect(
    cache.use(
      "d",
      async () => Promise.reject(new Error("no")),
      async () => 0,
    ),
  ).rejects.toThrow("no");
});

test("a function traces again for a shape that has left its cache, and after it was disposed of", async () => {
  let traced = 0;
  const f = pf.jit(
    (x: pf.Tensor) => {
      traced++;
      return x.mul(2);
    },
    { cache: 1 },
  );
  const of = async (n: number) => [...(await f(array(new Array(n).fill(1)))).data];
  expect([await of(1), await of(1), await of(2), await of(1)]).toEqual([[2], [2], [2, 2], [2]]);
  expect(traced).toBe(3);
  await f.dispose();
  expect([await of(1), traced]).toEqual([[2], 4]);
  expect(() => pf.jit((x: pf.Tensor) => x, { cache: 0 })).toThrow(/at least 1/);
});

test("what is no function is refused; a function of nothing gives nothing", async () => {
  // biome-ignore lint/suspicious/noExplicitAny: what callers without types may do
  const anything = pf.jit as any;
  expect(() => anything({})).toThrow(TensorError);
  expect(() => anything(undefined)).toThrow(/not a value of type undefined/);
  expect(await pf.jit((x: object) => x)({})).toEqual({});
});

test("indices out of range are told with the axis", async () => {
  const x = array([1, 2, 3]);
  const take = pf.jit((x: pf.Tensor, i: pf.Tensor) => pf.take(x, i, 0));
  await expect(take(x, array([5], "i32"))).rejects.toThrow("take: index 5 is out of range for an axis of 3 (from -3 to 2)");
  const slope = pf.jit((x: pf.Tensor, i: pf.Tensor) => pf.grad((y: pf.Tensor) => pf.take(y, i, 0).sum())(x));
  await expect(slope(x, array([5], "i32"))).rejects.toThrow(/index 5 is out of range/);
});

test("a small input may be changed before the call resolves; a change of a large one is reported", async () => {
  const sum = pf.jit((x: pf.Tensor) => x.sum());
  const small = array([1, 2, 3]) as NdArray<"f32">;
  const call = sum(small);
  small.data.fill(0);
  expect((await call).data[0]).toBe(6);
  const large = array(new Array(20_000).fill(1)) as NdArray<"f32">;
  const late = sum(large);
  large.data.fill(0);
  await expect(late).rejects.toThrow(/input 0 of 20000 elements was changed before the call resolved/);
  expect((await sum(large)).data[0]).toBe(0);
});
