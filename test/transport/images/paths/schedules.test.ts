/** Paths of pictures: their formulas, velocities, ends and weights. */
import { describe, expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit, jvp, type Tensor } from "../../../../src/tensor/index.ts";
import { type Schedule, scheduleNames, scheduleOf } from "../../../../src/transport/images/paths/schedules.ts";
import { besideImages } from "../../../../src/transport/images/shape.ts";
import { expectClose } from "../../../tensor/check.ts";
import { column } from "../../quadrature.ts";
import { coefficients, type MixedName, weights } from "../gaussian.ts";

const rng = randomStream("schedules");
const shape = [5, 2, 3, 6];
const [x, z] = [rng.uniform(shape, "f64"), rng.normal(shape, "f64")];
const mixedNames: readonly MixedName[] = ["flow", "vp", "sub-vp", "simple", "dimple"];

const points = ({ at }: Schedule) => jit((t: Tensor, x: Tensor, z: Tensor) => at(besideImages(t), x, z));

test.each(scheduleNames)("%s: the velocity is the derivative in time", async (name) => {
  const schedule = scheduleOf(name);
  const at = points(schedule);
  const times = [0.05, 0.2, 0.5, 0.8, 0.95];
  const velocity = await jit(
    (t: Tensor, x: Tensor, z: Tensor) => jvp((time: Tensor) => schedule.at(besideImages(time), x, z), [t], [t.mul(0).add(1)])[1],
  )(column(times), x, z);
  // truncation h² |x'''| / 6 is below 1e-6 for third derivatives below 6e4; rounding is ε / h = 2e-11
  const h = 1e-5;
  const [later, before] = await Promise.all([h, -h].map((step) => at(column(times.map((t) => t + step)), x, z)));
  const differences = toNumbers(later).map((v, i) => (v - toNumbers(before)[i]) / (2 * h));
  expectClose(velocity, differences, 1e-6);
});

/** Times of both ends and between them, closer to the ends. */
const timesOf = ({ clean, spoilt }: Schedule): number[] =>
  [0, 1e-4, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 1].map((u) => clean + (spoilt - clean) * u);

describe.each(mixedNames)("%s", (name) => {
  const schedule = scheduleOf(name);
  const times = timesOf(schedule);

  test("is a(t) x + b(t) z as published, to the last digits at the ends", async () => {
    const { a, b } = await jit((t: Tensor) => ({ a: schedule.mix!.a(t), b: schedule.mix!.b(t) }))(column(times));
    times.forEach((t, i) => {
      const exact = coefficients[name](t);
      // relative: 1 - α² is 1e-5 at the clean end and must not be a difference
      expect(Math.abs(Number(a.data[i]) - exact.a)).toBeLessThanOrEqual(1e-12 * exact.a);
      expect(Math.abs(Number(b.data[i]) - exact.b)).toBeLessThanOrEqual(1e-12 * exact.b);
    });
    const five = times.slice(3, 8);
    const mixedUp = await points(schedule)(column(five), x, z);
    const size = shape[1] * shape[2] * shape[3];
    const expected = toNumbers(x).map((v, i) => {
      const { a, b } = coefficients[name](five[Math.floor(i / size)]);
      return a * v + b * toNumbers(z)[i];
    });
    expectClose(mixedUp, expected, 1e-12);
  });

  test("begins at the picture and ends at its start, up to 1 %", async () => {
    const far = async (time: number, target: NdArray, other: NdArray) => {
      const y = toNumbers(await points(schedule)(column(new Array(5).fill(time)), x, z));
      const [near, rest] = [toNumbers(target), toNumbers(other)];
      // √t and √(1 - t) at 1e-4 from an end are 0.01, the worst of the paths; what is left of the near one is √(1 - 1e-4) or more
      y.forEach(
        (v, i) => void expect(Math.abs(v - near[i])).toBeLessThanOrEqual(0.01 * Math.abs(rest[i]) + 1e-4 * Math.abs(near[i]) + 1e-15),
      );
    };
    await far(schedule.clean, x, z);
    await far(schedule.spoilt, z, x);
  });

  test("has a weight under which velocities stay bounded", async () => {
    const weigh = scheduleOf(name).weight ?? ((t: Tensor) => t.mul(0).add(1));
    const w = toNumbers(await jit((t: Tensor) => weigh(t))(column(times)));
    const speeds = await jit((t: Tensor) => {
      const { a, b } = schedule.mix!;
      const [, [da, db]] = jvp((time: Tensor): [Tensor, Tensor] => [a(time), b(time)], [t], [t.mul(0).add(1)]);
      return da.square().add(db.square());
    })(column(times));
    // w (a'² + b'²), the mean square velocity of pictures and noise of variance one: β² α² b³ / 4 (vp), 2 β² α⁴ b³ (sub-vp),
    // (t^2.5 + t^1.5 (1 - t)) / 4 (simple), 2 t³ (dimple) and 2 (flow), each below
    const most = { flow: 2, vp: 100, "sub-vp": 800, simple: 0.5, dimple: 2 }[name];
    times.forEach((t, i) => {
      if (name !== "flow") expect(w[i]).toBeCloseTo(weights[name](t), 12);
      expect(w[i] * Number(speeds.data[i])).toBeGreaterThanOrEqual(0);
      expect(w[i] * Number(speeds.data[i])).toBeLessThanOrEqual(most * (1 + 1e-9));
    });
  });
});

test("the variance-preserving path keeps the variance of normal pictures", async () => {
  const { a, b } = scheduleOf("vp").mix!;
  const sum = await jit((t: Tensor) => a(t).square().add(b(t).square()))(column([1e-4, 0.01, 0.3, 0.7, 1]));
  expectClose(sum, [1, 1, 1, 1, 1], 1e-14);
});
