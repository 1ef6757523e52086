/** The motions that learned networks define. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit, type Tensor } from "../../../../src/tensor/index.ts";
import { type ImageLearnOptions, settingOf } from "../../../../src/transport/images/learning/learner.ts";
import { imageMethodOf } from "../../../../src/transport/images/learning/methods.ts";
import { type ImageNet, imageAction, imageField, imageHeads } from "../../../../src/transport/images/learning/network.ts";
import { expectClose } from "../../../tensor/check.ts";
import { column } from "../../quadrature.ts";
import { coefficients, doubled, noisyNet, problemOf } from "../gaussian.ts";

const rng = randomStream("motions");
const size = { net: { channels: [2] } };
const shape = [2, 2, 3] as const;
const times = [0.15, 0.4, 0.9];
const t = column(times);
const x = rng.normal([3, 12], "f64");

test("the motion of any field of noises is the probability flow of its score", async () => {
  const problem = problemOf("vp", { shape });
  const setting = settingOf(problem, { ...size, method: "dsm" });
  const net = doubled(noisyNet(setting.form, "field", 1));
  const { drift, noise } = await jit((p: ImageNet, t: Tensor, x: Tensor) => ({
    drift: imageMethodOf("dsm").dynamics!(p, setting).drift(t, x),
    noise: imageField(p, setting.form)(t, x),
  }))(net, t, x);
  // -β x / 2 - β score / 2 with score = -noise / σ: Song et al., ICLR 2021, eq. 13 for the variance-preserving equation
  const expected = toNumbers(x).map((v, i) => {
    const time = times[Math.floor(i / 12)];
    const beta = 0.1 + 19.9 * time;
    return (-beta * v) / 2 + (beta * toNumbers(noise)[i]) / (2 * coefficients.vp(time).b);
  });
  expectClose(drift, expected, 1e-12);
});

test("noises give no velocity on paths that are no mixtures", async () => {
  const setting = settingOf(problemOf("torus", { shape: [1, 2, 2] }), { ...size, method: "dsm" });
  const motion = jit((p: ImageNet, t: Tensor, x: Tensor) => imageMethodOf("dsm").dynamics!(p, setting).drift(t, x));
  await expect(() => motion(noisyNet(setting.form, "field", 1), t, x)).rejects.toThrow(/a\(t\) x \+ b\(t\) z/);
});

describe.each(imageHeads)("head %s", (head) => {
  const problem = problemOf("flow", { shape, task: "inpaint" });
  const setting = settingOf(problem, { ...size, head });
  const net = doubled(noisyNet(setting.form, head === "scalar" ? "one" : "seen", 2));
  const condition = rng.normal([3, 3, 2, 3], "f64");

  test("the drift is the gradient in the channels of the picture alone, conditions held", async () => {
    const action = jit((p: ImageNet, t: Tensor, x: Tensor, c: Tensor) => imageAction(p, setting.form, head, c)(t, x));
    const drift = await jit((p: ImageNet, t: Tensor, x: Tensor, c: Tensor) => imageMethodOf("am").dynamics!(p, setting, c).drift(t, x))(
      net,
      t,
      x,
      condition,
    );
    expect(drift.shape).toEqual([3, 12]);
    // central differences: truncation h² s'''/6, rounding ε s / h
    const h = 1e-5;
    for (let j = 0; j < 12; j++) {
      const moved = (by: number): NdArray =>
        ndarray(
          Float64Array.from(toNumbers(x), (v, i) => v + (i % 12 === j ? by : 0)),
          [3, 12],
          "f64",
        );
      const [up, down] = [toNumbers(await action(net, t, moved(h), condition)), toNumbers(await action(net, t, moved(-h), condition))];
      for (let i = 0; i < 3; i++) {
        const slope = (up[i] - down[i]) / (2 * h);
        expect(Math.abs(Number(drift.data[12 * i + j]) - slope)).toBeLessThan(1e-7 * Math.max(1, Math.abs(slope)));
      }
    }
  });
});

test("with noise against the time of the path, drift and growth are those of the reversed process", async () => {
  const options: ImageLearnOptions = { ...size, head: "scalar", noise: 0.3, growth: 2 };
  const read = async (path: "flow" | "dimple") => {
    const setting = settingOf(problemOf(path, { shape }), options);
    const net = doubled(noisyNet(setting.form, "one", 3));
    return jit((p: ImageNet, t: Tensor, x: Tensor) => {
      const { drift, growth, noise } = imageMethodOf("am").dynamics!(p, setting);
      return { drift: drift(t, x), growth: growth!(t, x), s: imageAction(p, setting.form, "scalar")(t, x), noise: t.mul(0).add(noise) };
    })(net, t, x);
  };
  const [forward, back] = [await read("flow"), await read("dimple")];
  const s = toNumbers(forward.s);
  expectClose(
    forward.growth,
    s.map((v) => 2 * v),
    1e-14,
  );
  // d log w / d(-t) = λ s
  expectClose(
    back.growth,
    s.map((v) => -2 * v),
    1e-14,
  );
  expectClose(
    back.drift,
    toNumbers(forward.drift).map((v) => -v),
    1e-14,
  );
  for (const { noise } of [forward, back]) expectClose(noise, [0.3, 0.3, 0.3], 1e-15);
});

test("sizes that do not halve are filled with zeros, which have no part in the action beyond the picture", async () => {
  const odd = settingOf(problemOf("flow", { shape: [1, 5, 7] }), { net: { channels: [2, 4] } });
  const net = noisyNet(odd.form, "seen", 4);
  const rows = rng.normal([2, 35]);
  const { s, v } = await jit((p: ImageNet, t: Tensor, x: Tensor) => ({
    s: imageAction(p, odd.form, "inner")(t, x),
    v: imageField(p, odd.form)(t, x),
  }))(net, ndarray(Float32Array.of(0.2, 0.6), [2, 1], "f32"), rows);
  expect([s.shape, v.shape]).toEqual([[2], [2, 35]]);
  // no picture, no action: <x, h> is 0 where x is, as it would not be if the filling took part
  const zero = await jit((p: ImageNet, t: Tensor, x: Tensor) => imageAction(p, odd.form, "inner")(t, x.mul(0)))(
    net,
    ndarray(Float32Array.of(0.2, 0.6), [2, 1], "f32"),
    rows,
  );
  expect(toNumbers(zero).map(Math.abs)).toEqual([0, 0]);
});

describe("pixels that are known", () => {
  const seen = 2 * 3;
  /** Two channels of what is seen, then the mask: the first row of pixels is known. */
  const condition = (): NdArray<"f64"> => {
    const mask = [1, 1, 1, 0, 0, 0];
    const values = rng.fold("known").normal([3, 2 * seen], "f64").data;
    const rows = [0, 1, 2].flatMap((i) => [
      ...Array.from({ length: 2 * seen }, (_, j) => values[2 * seen * i + j] * mask[j % seen]),
      ...mask,
    ]);
    return ndarray(Float64Array.from(rows), [3, 3, 2, 3], "f64");
  };
  const driftOf = async (method: "am" | "fm" | "dsm", path: "flow" | "vp"): Promise<readonly number[]> => {
    const setting = settingOf(problemOf(path, { shape, task: "inpaint" }), { ...size, method });
    const net = doubled(noisyNet(setting.form, method === "am" ? "seen" : "field", 3));
    const run = jit((p: ImageNet, t: Tensor, x: Tensor, c: Tensor) => imageMethodOf(method).dynamics!(p, setting, c).drift(t, x));
    return toNumbers(await run(net, t, x, condition()));
  };
  const isKnown = (j: number): boolean => j % seen < 3;

  test.each(["am", "fm"] as const)("stand still under %s on straight lines, and the others move", async (method) => {
    (await driftOf(method, "flow")).forEach((v, i) => expect(v === 0, `${i}`).toBe(isKnown(i % 12)));
  });

  test("are what noise they are made from: on vp they move as a(t) + b(t) says", async () => {
    const known = toNumbers(condition());
    const places = toNumbers(x);
    (await driftOf("dsm", "vp")).forEach((v, i) => {
      const [row, j] = [Math.floor(i / 12), i % 12];
      if (!isKnown(j)) return;
      const h = 1e-5;
      const of = (time: number) => coefficients.vp(time);
      const slope = (key: "a" | "b"): number => (of(times[row] + h)[key] - of(times[row] - h)[key]) / (2 * h);
      const { a, b } = of(times[row]);
      const z = known[18 * row + j];
      const expected = (slope("a") / a) * (places[i] - b * z) + slope("b") * z;
      expect(Math.abs(v - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected))); // of central differences
    });
  });
});
