/** What is seen of pictures, kept on their way, and put back. */
import { describe, expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit, jvp, type Tensor } from "../../../../src/tensor/index.ts";
import { drawMasks, maskKinds } from "../../../../src/transport/images/paths/masks.ts";
import { scheduleOf } from "../../../../src/transport/images/paths/schedules.ts";
import { type ImageTask, imageTaskNames, imageTaskOf } from "../../../../src/transport/images/paths/tasks.ts";
import { brightness } from "../../../../src/transport/images/resample.ts";
import { besideImages, type ImageShape } from "../../../../src/transport/images/shape.ts";
import { expectClose, f64 } from "../../../tensor/check.ts";
import { column } from "../../quadrature.ts";

const shape: ImageShape = [3, 4, 6];
const n = 4;
const rng = randomStream("tasks");
const [x, e, other] = [rng.uniform([n, ...shape], "f64"), rng.normal([n, ...shape], "f64"), rng.uniform([n, ...shape], "f64")];
const mask = (kind: (typeof maskKinds)[number]): NdArray => {
  const { data, shape: all } = drawMasks(kind, randomStream(kind), n, shape[1], shape[2]);
  return f64(Array.from(data), all);
};
const places = (i: number) => ({ row: Math.floor(i / shape[2]) % shape[1], column: i % shape[2] });

/** Points of the straight path of a task and their velocities at some times. */
const along = (task: ImageTask) =>
  jit((t: Tensor, x: Tensor, e: Tensor, extra: Tensor) => {
    const start = task.start(task.observe(x, extra), e);
    const [point, velocity] = jvp((time: Tensor) => scheduleOf("flow").at(besideImages(time), x, start), [t], [t.mul(0).add(1)]);
    return { start, point, velocity };
  });
const times = column([0, 0.3, 0.8, 1]);

/** Known values stay along the way, and do not move; the others come from the noise. */
async function keeps(task: ImageTask, extra: NdArray, known: (i: number) => boolean) {
  const { start, point, velocity } = await along(task)(times, x, e, extra);
  const [truth, noise] = [toNumbers(x), toNumbers(e)];
  const size = shape[0] * shape[1] * shape[2];
  truth.forEach((v, i) => {
    const t = Number(times.data[Math.floor(i / size)]);
    expect(toNumbers(start)[i]).toBe(known(i) ? v : noise[i]);
    // t x + (1 - t) x is x to a rounding
    expect(toNumbers(point)[i]).toBeCloseTo(known(i) ? v : t * v + (1 - t) * noise[i], 14);
    expect(toNumbers(velocity)[i]).toBe(known(i) ? 0 : v - noise[i]);
  });
}

test("super-resolution keeps the pixels of even row and column all the way", () =>
  keeps(imageTaskOf("super-resolve"), x, (i) => places(i).row % 2 === 0 && places(i).column % 2 === 0));

test.each(maskKinds)("inpainting keeps what the mask (%s) shows", (kind) => {
  const m = mask(kind);
  const size = shape[1] * shape[2];
  return keeps(imageTaskOf("inpaint"), m, (i) => m.data[Math.floor(i / (3 * size)) * size + (i % size)] === 1);
});

test("colours begin as grey, a tenth of the noise apart", async () => {
  const { start, velocity } = await along(imageTaskOf("colour"))(times, x, e, x);
  const flat = await jit((x: Tensor) => brightness(x).broadcastTo(x.shape))(x);
  const expected = toNumbers(e).map((v, i) => 0.1 * v + toNumbers(flat)[i]);
  expectClose(start, expected, 1e-15);
  expectClose(
    velocity,
    expected.map((v, i) => toNumbers(x)[i] - v),
    1e-14,
  );
});

test("coloured pictures are as bright as the grey that was given, whatever was made of them", async () => {
  const task = imageTaskOf("colour");
  const { was, is, differences } = await jit((x: Tensor, made: Tensor) => {
    const fixed = task.consistent!(made, task.observe(x));
    const between = (y: Tensor): Tensor => y.slice(null, [0, 1]).sub(y.slice(null, [1, 3]));
    return { was: brightness(x), is: brightness(fixed), differences: between(fixed).sub(between(made)) };
  })(x, e);
  expectClose(is, was, 1e-14);
  expectClose(differences, new Array(2 * n * shape[1] * shape[2]).fill(0), 1e-14); // its colours are those that were made
});

test.each(["super-resolve", "inpaint"] as const)("%s puts back what is known, untouched", async (name) => {
  const task = imageTaskOf(name);
  const made = await jit((x: Tensor, e: Tensor, m: Tensor) => task.consistent!(e, task.observe(x, m)))(x, e, mask("box"));
  const again = await jit((made: Tensor, m: Tensor) => task.observe(made, m).seen!)(made, mask("box"));
  const seen = await jit((x: Tensor, m: Tensor) => task.observe(x, m).seen!)(x, mask("box"));
  expectClose(again, seen, 0);
});

test("what stands where nothing is known has no part in a restoration", async () => {
  const task = imageTaskOf("inpaint");
  const parts = jit((seen: Tensor, m: Tensor, e: Tensor) => {
    const observation = { seen, mask: m };
    return { start: task.start(observation, e), told: task.condition!(observation), put: task.consistent!(e, observation) };
  });
  const m = mask("half");
  const [hidden, spoilt] = [await parts(await jit((x: Tensor, m: Tensor) => x.mul(m))(x, m), m, e), await parts(x, m, e)];
  for (const part of ["start", "told", "put"] as const) expectClose(spoilt[part], hidden[part], 0);
});

describe.each(imageTaskNames)("%s", (name) => {
  const task: ImageTask = imageTaskOf(name);
  const extra = task.needs === "other" ? other : mask("pixels");

  test("says the shapes of what it sees and tells", async () => {
    const { seen, told, start, simple } = await jit((x: Tensor, e: Tensor, extra: Tensor) => {
      const observation = task.observe(x, extra);
      const told = task.condition?.(observation);
      const simple = task.baseline?.restore(observation, x.mean(0, true));
      const { seen } = observation;
      return { start: task.start(observation, e), ...(seen && { seen }), ...(told && { told }), ...(simple && { simple }) };
    })(x, e, extra);
    expect(start.shape).toEqual([n, ...shape]);
    expect(seen?.shape).toEqual(task.seenShape && [n, ...task.seenShape(shape)]);
    expect(told?.shape[1] ?? 0).toBe(task.conditions(shape[0]));
    if (told) expect([told.shape[0], ...told.shape.slice(2)]).toEqual([n, ...shape.slice(1)]);
    if (simple) expect(simple.shape).toEqual([n, ...shape]);
  });

  test.runIf(task.consistent && task.baseline)("leaves its baseline as it is, which agrees with what is known", async () => {
    const { simple, fixed } = await jit((x: Tensor, extra: Tensor) => {
      const observation = task.observe(x, extra);
      const simple = task.baseline!.restore(observation, x.mean(0, true));
      return { simple, fixed: task.consistent!(simple, observation) };
    })(x, extra);
    expectClose(fixed, simple, 1e-15);
  });
});
