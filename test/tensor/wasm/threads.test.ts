/** Threads of programs: whatever they share, the bits are those of one thread. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type NdArray, randomStream } from "../../../src/array/index.ts";
import * as pf from "../../../src/tensor/index.ts";
import type { Session } from "../../../src/tensor/runtime.ts";
import { openModuleSession } from "../../../src/tensor/wasm/session.ts";
import fc from "../../property.ts";
import { inputs as chanceInputs, program } from "./chance.ts";

const bytes = (ys: readonly NdArray[]): string[] =>
  ys.map((y) => Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength).toString("hex"));

/** Whether threads share something of the program: its results lie in memory that they share. */
const shares = ([y]: readonly NdArray[]): boolean => y.data.buffer instanceof SharedArrayBuffer;

async function withSession<T>(
  f: (...xs: pf.Tensor[]) => pf.Tensor[],
  inputs: readonly NdArray[],
  threads: number,
  look: (session: Session) => Promise<T>,
  least?: number,
): Promise<T> {
  const session = await openModuleSession(pf.trace(f, inputs), { threads, reuse: true }, least);
  try {
    return await look(session);
  } finally {
    await session.release();
  }
}

const rng = randomStream(3);
const normal = (name: string, ...shape: number[]): NdArray<"f32"> => rng.fold(name).normal(shape);
const { tanh, exp, sum, matmul, softmax } = pf;
const loss = (w: pf.Tensor, v: pf.Tensor, x: pf.Tensor): pf.Tensor => sum(matmul(tanh(matmul(x, w)), v).square());

/** All large enough for threads, at lengths that do not divide by their number. */
const large: readonly [name: string, f: (...xs: pf.Tensor[]) => pf.Tensor[], inputs: readonly NdArray[]][] = [
  ["a product whose rows are no whole tiles", (a, b) => [matmul(a, b)], [normal("a", 203, 151), normal("b", 151, 97)]],
  ["of transposes", (a, b) => [matmul(a.transpose(), b.transpose())], [normal("a", 151, 203), normal("b", 97, 151)]],
  ["in f64", (a, b) => [matmul(a.cast("f64"), b.cast("f64"))], [normal("a", 203, 151), normal("b", 151, 97)]],
  ["many products", (a, b) => [matmul(a, b)], [normal("a", 7, 3, 33, 40), normal("b", 3, 40, 29)]],
  [
    "a network's gradient",
    (w, v, x) => [...pf.grad(([w, v]: [pf.Tensor, pf.Tensor]) => loss(w, v, x))([w, v])],
    [normal("w", 65, 127), normal("v", 127, 5), normal("x", 311, 65)],
  ],
  ["sums of columns", (x) => [sum(exp(x), 0)], [normal("x", 301, 299)]],
  ["sums of rows, and of both after products", (x) => [sum(exp(x), 1), sum(matmul(x, x.transpose()))], [normal("x", 301, 299)]],
  ["the greatest, and shares", (x) => [pf.max(x, 0), softmax(x, -1), softmax(x, 0)], [normal("x", 301, 299)]],
  ["numbers and truth values", (x) => [pf.less(exp(x), 1), exp(x).cast("i32"), exp(x).cast("f64")], [normal("x", 99_991)]],
  ["copies", (x) => [pf.flip(x.transpose(), 1), pf.concat([x, tanh(x)], 1)], [normal("x", 301, 299)]],
  [
    "a convolution's gradients",
    (x, w) => [...pf.grad(([x, w]: [pf.Tensor, pf.Tensor]) => sum(tanh(pf.conv(x, w, { padding: 1 })).square()))([x, w])],
    [normal("x", 5, 3, 19, 17), normal("w", 6, 3, 3, 3)],
  ],
  [
    "a loop with products in it",
    (x, w) => {
      const { carry, ys } = pf.scan((h: pf.Tensor, row: pf.Tensor) => ({ carry: tanh(matmul(h, w).add(row)), y: sum(h) }), normalIn(x), x);
      return [carry, ys];
    },
    [normal("x", 9, 130, 140), normal("w", 140, 140)],
  ],
];
const normalIn = (x: pf.Tensor): pf.Tensor => sum(x, 0);

describe("two threads and three give the bits of one", () => {
  test.each(large)("%s", async (_, f, inputs) => {
    const alone = await withSession(f, inputs, 1, async (session) => bytes(await session.run(inputs)));
    for (const threads of [2, 3])
      await withSession(f, inputs, threads, async (session) => {
        for (let call = 0; call < 3; call++) {
          const results = await session.run(inputs);
          expect(shares(results)).toBe(true);
          expect(bytes(results)).toEqual(alone);
        }
      });
  });

  test("any program whose every loop and product is shared", async () => {
    const step = fc.nat(2 ** 31 - 1);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), fc.constantFrom(2, 3), async (numbers, threads) => {
        const f = program(numbers);
        const run = (session: Session): Promise<string[]> => session.run(chanceInputs).then(bytes);
        const alone = await withSession(f, chanceInputs, 1, run);
        expect(await withSession(f, chanceInputs, threads, run, 0)).toEqual(alone);
      }),
      { numRuns: 60 },
    );
  });
});

test("programs run while others are introduced to the threads, and after others were forgotten", async () => {
  const [, f, inputs] = large[4];
  const alone = await withSession(f, inputs, 1, async (session) => bytes(await session.run(inputs)));
  const sessions = await Promise.all(
    Array.from({ length: 4 }, async (_, k) => {
      const session = await openModuleSession(pf.trace(f, inputs), { threads: 2 });
      for (let call = 0; call < 5; call++) expect(bytes(await session.run(inputs))).toEqual(alone);
      if (k % 2 === 0) await session.release();
      return session;
    }),
  );
  await withSession(f, inputs, 2, async (session) => expect(bytes(await session.run(inputs))).toEqual(alone));
  for (const k of [1, 3]) expect(bytes(await sessions[k].run(inputs))).toEqual(alone);
});

test("an index out of range in a program of threads is told, and the next call is right", async () => {
  const x = normal("x", 300, 300);
  const f = (x: pf.Tensor, i: pf.Tensor): pf.Tensor[] => [sum(matmul(x, x), 0), pf.take(x, i)];
  const index = (k: number): NdArray => ({ dtype: "i32", shape: [1], data: Int32Array.of(k) });
  await withSession(f, [x, index(0)], 2, async (session) => {
    const right = bytes(await session.run([x, index(7)]));
    await expect(session.run([x, index(300)])).rejects.toThrow("index 300 is out of range");
    expect(bytes(await session.run([x, index(7)]))).toEqual(right);
  });
});

test("what is small has no threads: its memory is its own", async () => {
  const x = normal("x", 8, 8);
  await withSession(
    (x) => [tanh(matmul(x, x))],
    [x],
    2,
    async (session) => expect(shares(await session.run([x]))).toBe(false),
  );
});

test("a process ends by itself while threads sleep", () => {
  const code = `
    import { configure, jit, matmul } from "./src/tensor/index.ts";
    configure({ device: "wasm", threads: 2 });
    const x = { dtype: "f32", shape: [256, 256], data: new Float32Array(65536).fill(1) };
    const y = await jit((x) => matmul(x, x), { reuse: true })(x);
    console.log(y.data.buffer instanceof SharedArrayBuffer, y.data[65535]);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect([status, stdout, stderr]).toEqual([0, "true 256\n", ""]);
});
