/** Rewrite rules: each is a law. A program that it changes gives the same values without it. */
import { describe, expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import { fusions, productRules } from "../../src/tensor/fuse.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { withSharing } from "../../src/tensor/primitive.ts";
import { type Rule, withoutRule } from "../../src/tensor/rewrite.ts";
import { simplifications } from "../../src/tensor/rules.ts";
import { openSession } from "../../src/tensor/runtime.ts";
import { reachable } from "../../src/tensor/walk.ts";
import { writeModel } from "../../src/tensor/write.ts";
import { expectClose, spread } from "./check.ts";

/** Two matrices [64, 80] of numbers between 0.5 and 1.5. */
const points = [spread(0.5, 1.5, [64, 80], 1), spread(0.5, 1.5, [64, 80], 2)];

const rowOf = (x: Tensor): Tensor => x.slice([0, 1]).broadcastTo(x.shape);
const columnOf = (x: Tensor): Tensor => x.slice(null, [0, 1]).broadcastTo(x.shape);
const constant = (shape: number[], c: number): Tensor => t.scalar(c, "f64").broadcastTo(shape);
const nothing = (x: Tensor): Tensor => x.slice(null, [0, 0]);
const product = (x: Tensor, y: Tensor): Tensor => x.matmul(y.transpose());

/** A program for each law, by its name. */
const programs: Record<string, (x: Tensor, y: Tensor) => Tensor> = {
  "x + 0 = x": (x) => x.add(0),
  "0 + x = x": (x) => t.add(0, x),
  "x + x = 2 x": (x) => x.add(x),
  "x + -y = x - y": (x, y) => x.add(y.neg()),
  "-x + y = y - x": (x, y) => x.neg().add(y),
  "x - 0 = x": (x) => x.sub(0),
  "0 - x = -x": (x) => t.sub(0, x),
  "x - -y = x + y": (x, y) => x.sub(y.neg()),
  "x x = x²": (x) => x.mul(x),
  "x 1 = x": (x) => x.mul(1),
  "x 1 = x, exchanged": (x) => t.mul(1, x),
  "x -1 = -x": (x) => x.mul(-1),
  "x -1 = -x, exchanged": (x) => t.mul(-1, x),
  "-x y = -(x y)": (x, y) => x.neg().mul(y),
  "-x y = -(x y), exchanged": (x, y) => y.mul(x.neg()),
  "(p q) c = p (q c)": (x) => x.mul(3).mul(5),
  "(p q) c = p (q c), exchanged": (x) => t.mul(5, x.mul(3)),
  "(q p) c = p (q c)": (x) => t.mul(3, x).mul(5),
  "(q p) c = p (q c), exchanged": (x) => t.mul(5, t.mul(3, x)),
  "x / c = x (1 / c)": (x) => x.div(3),
  "1 / x = x⁻¹": (x) => t.div(1, x),
  "-(-x) = x": (x) => x.neg().neg(),
  "-(x y) = (-x) y": (x, y) => x.slice([0, 1]).mul(y).neg(),
  "-(x y) = x (-y)": (x, y) => x.mul(y.slice(null, [0, 1])).neg(),
  "-(x - y) = y - x": (x, y) => x.sub(y).neg(),
  "x⁰ = 1": (x) => x.pow(0).add(x),
  "x¹ = x": (x) => x.pow(1),
  "x² = x x": (x) => x.pow(2),
  "x³ = x² x": (x) => x.pow(3),
  "x⁴ = (x²)²": (x) => x.pow(4),
  "x^½ = √x": (x) => x.pow(0.5),
  "x⁻ⁿ = 1 / xⁿ": (x) => x.pow(-3),
  "a cast to the same dtype": (x) => x.cast("f64").exp(),
  "log softmax x": (x, y) => t.log(t.softmax(x.add(y))),
  "log sigmoid x": (x) => t.log(t.sigmoid(x)),
  "1 - sigmoid x = sigmoid -x": (x) => t.sub(1, t.sigmoid(x)),
  "rounded twice = once": (x) => x.cast("f32").roundTo("bf16").roundTo("bf16"),
  "f(c, …) = a number": (x) => x.mul(t.scalar(2, "f64").exp()),
  "f(broadcast x, …) = f(x, …)": (x, y) => x.add(rowOf(y)),
  "broadcast all, then f = f, then broadcast": (x) => rowOf(x).exp(),
  "x as it is": (x) => x.reshape(x.shape).exp(),
  "reshaped twice = once": (x) => x.reshape([-1]).reshape([80, 64]),
  "a number reshaped": (x) => t.concat([x.reshape([-1]), constant([64, 80], 3).reshape([-1])]),
  "broadcast to its own shape": (x) => x.exp().broadcastTo(x.shape),
  "broadcast twice = once": (x) => rowOf(x).broadcastTo([2, 64, 80]),
  "axes of length 1 alone move": (x) => x.expandDims(0).transpose([1, 0, 2]),
  "transposed twice = once": (x) => x.transpose().transpose(),
  "all of x": (x) => x.slice([0, 64], null).exp(),
  "a slice of one piece": (x, y) => t.concat([x, y]).slice([70, 80]),
  "padded by nothing": (x) => t.pad(x, [[0, 0]]).exp(),
  "two that fill each other's zeros = side by side": (x, y) =>
    t
      .pad(x, [
        [0, 64],
        [0, 0],
      ])
      .add(
        t.pad(y, [
          [64, 0],
          [0, 0],
        ]),
      ),
  "no axis reversed": (x) => t.flip(x.slice([0, 1]), 0).exp(),
  "reversed twice": (x) => t.flip(t.flip(x, 1), 1).exp(),
  "joined with nothing": (x) => t.concat([x, nothing(x)], 1).exp(),
  "sum over axes of length 1": (x) => x.slice([0, 1]).sum(0),
  "max over axes of length 1": (x) => x.slice([0, 1]).max(0),
  "min over axes of length 1": (x) => x.slice([0, 1]).min(0),
  "logsumexp over axes of length 1": (x) => t.logsumexp(x.slice([0, 1]), 0),
  "sum over nothing": (x) => nothing(x).sum(1),
  "logsumexp over nothing": (x) => t.logsumexp(nothing(x), 1).exp(),
  "matmul over nothing": (x) => product(nothing(x), nothing(x)),
  "Σ of equal elements = n x": (x) => rowOf(x).sum(0),
  "c 11ᵀ B = c 1 Σ B": (x) => constant([3, 64], 2).matmul(x),
  "A c 11ᵀ = c Σ A 1ᵀ": (x) => x.slice(null, [0, 1]).matmul(constant([1, 3], 2)),
  "(1 rᵀ) B = 1 (rᵀ B)": (x, y) => product(rowOf(x), y),
  "A (c 1ᵀ) = (A c) 1ᵀ": (x, y) => product(x, rowOf(y)),
  "A (1 rᵀ) = (A 1) rᵀ": (x, y) => product(x, columnOf(y)),
  "(c 1ᵀ) B = c (1ᵀ B)": (x, y) => product(columnOf(x), y),
  "(f A) B = f A B": (x, y) => product(x.exp().mul(0.5), y),
  "A (f B) = f A B": (x, y) => product(x, t.mul(0.5, y.exp())),
  "A B = 1 A B": (x, y) => product(x, y).add(x.slice(null, [0, 64])),
  "-(α A B) = (-α) A B": (x, y) =>
    product(x, y)
      .neg()
      .sub(x.slice(null, [0, 64])),
  "Σ X over rows = 1ᵀ X": (x) => x.cast("f32").sum(0),
  "(α A B) c = (α c) A B": (x, y) => product(x, y).mul(0.5),
  "c (α A B) = (α c) A B": (x, y) => t.mul(0.5, product(x, y)),
  "C + α A B": (x, y) => x.slice(null, [0, 64]).add(product(x, y)),
  "α A B + C": (x, y) => product(x, y).add(x.slice(null, [0, 64])),
  "f(column, …) = f(column written out, …)": (x, y) => {
    const column = y.slice(null, [0, 1]);
    return [1, 2, 3, 4].reduce((z, k) => z.mul(column).add(t.where(t.greater(column, 1), z, k)), x.slice(null, [0, 8]));
  },
  "C - α A B": (x, y) => x.slice(null, [0, 64]).sub(product(x, y)),
  "α A B - C": (x, y) => product(x, y).sub(x.slice(null, [0, 64])),
};

/** The model of a program, and the primitives that it was traced to. */
function written(f: (x: Tensor, y: Tensor) => Tensor): { bytes: Uint8Array; trace: string } {
  return withSharing(() => {
    const program = t.trace(f, points);
    const trace = reachable(program.outputs).map((node) => node.primitive.name);
    return { bytes: writeModel(program).bytes, trace: trace.join() };
  });
}

async function valueOf(bytes: Uint8Array): Promise<NdArray> {
  const session = await openSession(bytes, 1, { threads: 1, double: true });
  const [y] = await session.run(points);
  await session.release();
  return y;
}

describe("a program has the same values with a rule as without it", () => {
  const rules = [...new Set<Rule>([...simplifications, ...productRules, ...fusions])];
  test.each(rules.map((rule) => [rule[0], rule] as const))("%s", async (law, rule) => {
    const program = programs[law];
    const [given, without] = [written(program), withoutRule(rule, () => written(program))];
    const fires = given.trace !== without.trace || Buffer.compare(given.bytes, without.bytes) !== 0;
    expect(fires, "the rule changes the program").toBe(true);
    const [y, expected] = [await valueOf(given.bytes), await valueOf(without.bytes)];
    // Sums of at most 80 terms, in another order: 80 units in the last place, of f32 where the program rounds to it.
    expectClose(y, expected, 80 * (y.dtype === "f32" ? 2 ** -24 : 2 ** -53), law);
  });

  test("every law has one program, and every program a law", () => {
    expect(Object.keys(programs).sort()).toEqual(rules.map(([law]) => law).sort());
  });
});
