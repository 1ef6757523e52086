import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import * as errors from "../../src/errors.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { bool, expectClose, f32, f64, i32, normal, run } from "./check.ts";

/** The line of this file on which the caller stands. */
const line = (): number => Number(/jit\.test\.ts[^:]*:(\d+)/.exec((new Error().stack as string).split("\n")[2])?.[1]);

describe("jit", () => {
  test("takes and returns trees; keys in any order are the same tree", async () => {
    let traces = 0;
    const f = t.jit((p: { w: Tensor; layers: Tensor[] }) => {
      traces++;
      return { out: [p.w.mul(2), { b: p.layers[0].add(p.layers[1]) }] as const, w: p.w };
    });
    const first = await f({ w: f64([1, 2]), layers: [f64([3]), f64([4])] });
    expect([nd.toNumbers(first.out[0]), nd.toNumbers(first.out[1].b), nd.toNumbers(first.w)]).toEqual([[2, 4], [7], [1, 2]]);
    const second = await f({ layers: [f64([5]), f64([6])], w: f64([0, 0]) });
    expect([nd.toNumbers(second.out[1].b), traces]).toEqual([[11], 1]);
  });

  test("takes numbers as f64 scalars beside f64 arrays, so that nothing is rounded", async () => {
    const f = t.jit((x: Tensor, p: Tensor) => x.mul(p));
    expect(nd.toNumbers(await f(f64([3]), 0.1))).toEqual([3 * 0.1]);
    expect(nd.toNumbers(await f(f32([3]), 0.1))).toEqual([Math.fround(3 * Math.fround(0.1))]);
  });

  test("takes numbers as f32 scalars", async () => {
    const r = await t.jit((x: Tensor, y: Tensor) => x.mul(y))(3, f32([1, 2]));
    expect([r.dtype, nd.toNumbers(r)]).toEqual(["f32", [3, 6]]);
  });

  test("traces once per signature: shapes, dtypes and structure", async () => {
    const seen: string[] = [];
    const f = t.jit((xs: Tensor[]) => {
      seen.push(xs.map((x) => `${x.dtype}[${x.shape}]`).join());
      return xs[0].mul(2);
    });
    for (const xs of [[f64([1])], [f64([5])], [f64([1, 2])], [f32([1])], [f64([1]), f64([2])], [f64([2])]]) await f(xs);
    expect(seen).toEqual(["f64[1]", "f64[2]", "f32[1]", "f64[1],f64[1]"]);
  });

  test("compiles once for calls at the same time, and keeps them apart", async () => {
    let traces = 0;
    const f = t.jit((x: Tensor) => {
      traces++;
      return x.square();
    });
    const results = await Promise.all([1, 2, 3, 4].map((v) => f(f64([v]))));
    expect([results.map((r) => nd.toNumbers(r)[0]), traces]).toEqual([[1, 4, 9, 16], 1]);
  });

  test("returns inputs, constants, and one value twice", async () => {
    const r = await run(
      (x: Tensor) => {
        const y = t.exp(x);
        return { x, again: x, y, twice: [y, y], number: 3, flag: true, array: f32([1, 2]), constant: t.constant(i32([7])) };
      },
      f64([0]),
    );
    const { x, again, y, twice, number, flag, array, constant } = r;
    expect([x, again].map((v) => nd.toNumbers(v))).toEqual([[0], [0]]);
    expect([y, ...twice].map((v) => nd.toNumbers(v))).toEqual([[1], [1], [1]]);
    expect([number, flag, array, constant].map((v) => [v.dtype, nd.toNumbers(v)])).toEqual([
      ["f32", [3]],
      ["bool", [1]],
      ["f32", [1, 2]],
      ["i32", [7]],
    ]);
  });

  test("does not change its arguments, and results are arrays of their own", async () => {
    const x = f64([1, 2]);
    const f = t.jit((v: Tensor) => [v, v.add(1)]);
    const [same, next] = await f(x);
    (same.data as Float64Array)[0] = 100;
    (next.data as Float64Array)[0] = 100;
    expect(nd.toNumbers(x)).toEqual([1, 2]);
    expect((await f(x)).map((r) => nd.toNumbers(r))).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  test("reads an array's data when it is called: changes between calls count", async () => {
    const x = f64([1, 2]);
    const f = t.jit((v: Tensor) => v.mul(2));
    expect(nd.toNumbers(await f(x))).toEqual([2, 4]);
    (x.data as Float64Array)[0] = 5;
    expect(nd.toNumbers(await f(x))).toEqual([10, 4]);
  });

  test("with reuse, results hold through the next call and are written again by the one after", async () => {
    const f = t.jit((v: Tensor) => v.add(1), { reuse: true });
    const first = await f(f64([0]));
    const second = await f(first);
    expect([nd.toNumbers(first), nd.toNumbers(second)]).toEqual([[1], [2]]);
    const third = await f(second);
    expect(third.data).toBe(first.data);
    expect([nd.toNumbers(second), nd.toNumbers(third)]).toEqual([[2], [3]]);
    let state = third;
    for (let i = 0; i < 50; i++) state = await f(state);
    expect(nd.toNumbers(state)).toEqual([53]);
  });

  test("refuses async functions", async () => {
    await expect(run(async (x: Tensor) => x, f64([1]))).rejects.toThrow(/jit: the function is async; programs are traced synchronously/);
  });

  test("tries again after a function that failed", async () => {
    let fail = true;
    const f = t.jit((x: Tensor) => {
      if (fail) throw new Error("not yet");
      return x.mul(2);
    });
    await expect(f(f64([1]))).rejects.toThrow("not yet");
    fail = false;
    expect(nd.toNumbers(await f(f64([1])))).toEqual([2]);
  });

  test("takes every dtype that programs compute with, and refuses others by name", async () => {
    for (const x of [f32([1]), f64([1]), i32([1]), bool([true]), nd.array([1], "i64"), nd.ndarray(Uint8Array.of(1), [1], "u8")])
      expect(await run((v: Tensor) => v, x)).toEqual(x);
    for (const dtype of ["f16", "bf16"] as const)
      await expect(run((v: Tensor) => v, nd.ndarray(Uint16Array.of(1), [1], dtype))).rejects.toThrow(
        new RegExp(`do not compute in ${dtype}`),
      );
  });
});

describe("errors", () => {
  test("name the operation, the shapes, the dtype and the line of the program", async () => {
    let at = 0;
    const bad = (x: Tensor, y: Tensor): Tensor => {
      at = line() + 1;
      return t.exp(x).add(y);
    };
    const error = await run(bad, f64([1, 2, 3]), f64([1, 2])).catch((e: Error) => e);
    expect(error).toBeInstanceOf(errors.TensorError);
    expect((error as Error).message).toMatch(/^add: shapes do not broadcast: got f64\[3\] and f64\[2\] \(at .*jit\.test\.ts:\d+:\d+\)$/);
    expect(Number(/jit\.test\.ts:(\d+)/.exec((error as Error).message)?.[1])).toBe(at);
  });

  test("name dtypes that do not meet", async () => {
    await expect(run(t.add, f64([1]), f32([1]))).rejects.toThrow(/add: dtypes differ; cast one of them: got f64\[1\] and f32\[1\]/);
    await expect(run(t.exp, i32([1]))).rejects.toThrow(/exp: does not take i32: got i32\[1\]/);
    await expect(run(t.not, f32([1]))).rejects.toThrow(/not: does not take f32/);
    await expect(run((x: Tensor) => t.where(x, 1, 2), f32([1]))).rejects.toThrow(/where: the condition must be bool/);
  });

  test("say why a gradient cannot be taken", async () => {
    await expect(
      run(
        t.grad((x: Tensor) => x.sum()),
        i32([1, 2]),
      ),
    ).rejects.toThrow(/grad: derivatives are with respect to floats: got i32\[2\]/);
    await expect(
      run(
        t.grad((x: Tensor) => x.square()),
        f64([1, 2]),
      ),
    ).rejects.toThrow(/grad: the function must return a scalar; use sum\(\) or jacobian\(\): got f64\[2\]/);
    await expect(run((x: Tensor) => t.jvp((y: Tensor) => y, [x], [x.slice(0)]), f64([1, 2]))).rejects.toThrow(
      /jvp: direction 0 does not fit: got f64\[\] and f64\[2\]/,
    );
  });

  test("say that a tensor has no value while a program is traced", async () => {
    const read = (f: (x: Tensor) => unknown): Promise<unknown> => run((x: Tensor) => x.mul(Number(f(x))), f64([1], []));
    const message = /a symbolic tensor f64\[\] has no value while a program is traced; use where\(\), scan\(\) or whileLoop\(\)/;
    await expect(read((x) => Number(x))).rejects.toThrow(message);
    // @ts-expect-error the mistake that the message is about
    await expect(read((x) => x > 0)).rejects.toThrow(message);
    await expect(read((x) => `${x}`)).rejects.toThrow(message);
  });

  test("say that a tensor belongs to another program", async () => {
    let leaked: Tensor | undefined;
    await run((x: Tensor) => (leaked = x.mul(2)), f64([1]));
    await expect(run((x: Tensor) => x.add(leaked as Tensor), f64([1]))).rejects.toThrow(
      /tensor of another program is used here: got f64\[1\]/,
    );
  });

  test("say that a compiled function was called inside a program", async () => {
    const inner = t.jit((x: Tensor) => x.mul(2));
    // @ts-expect-error the mistake that the message is about
    await expect(run((x: Tensor) => inner(x).add(1), f64([1]))).rejects.toThrow(
      /jit: a compiled function was called inside a program: call the function itself there/,
    );
  });

  test("name values that are no tensors, with their place in the tree", async () => {
    await expect(run((x: Tensor) => x, { a: [f64([1]), "no"] })).rejects.toThrow(
      /a\[1\] is string, not an array, a plain object or a tensor/,
    );
    await expect(run(() => ({ loss: undefined }), f64([1]))).rejects.toThrow(/loss is undefined/);
    await expect(run((x: Tensor) => x, new Map())).rejects.toThrow(/is Map/);
  });
});

describe("devices", () => {
  test("a missing device is reported with what to do", async () => {
    // Neither CUDA libraries nor a Vulkan driver are there where tests run; where they are, the program must run.
    for (const [device, advice] of [
      ["cuda", /the cuda device is not available .*onnxruntime-node-install/s],
      ["webgpu", /the webgpu device is not available .*use the cpu device instead/s],
    ] as const) {
      const outcome = await t
        .jit((x: Tensor) => x.mul(2), { device })(f32([1]))
        .then(
          (r) => nd.toNumbers(r),
          (e: Error) => e,
        );
      if (outcome instanceof Error) expect(outcome.message).toMatch(advice);
      else expect(outcome).toEqual([2]);
    }
  });

  test("the number of threads does not change results of elementwise programs", async () => {
    const x = normal([300, 40]);
    const f = (v: Tensor): Tensor => t.tanh(v).mul(v);
    const [one, two] = await Promise.all([1, 2].map((threads) => t.jit(f, { threads })(x)));
    expect(one).toEqual(two);
  });

  test("configure sets defaults for programs compiled later", async () => {
    t.configure({ threads: 1 });
    expectClose(await run((x: Tensor) => x.mul(2), f64([1])), [2], 0);
    t.configure({ threads: undefined });
  });
});
