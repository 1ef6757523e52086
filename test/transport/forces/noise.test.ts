/** Noise that depends on time. */
import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import { noiseOf } from "../../../src/transport/forces/noise.ts";
import { learner, type Mover, pusher } from "../../../src/transport/index.ts";
import { moments, normals, train } from "../training.ts";

const setting = {
  data: { times: [10, 20, 30], features: ["x"] },
  units: { mean: [0], deviation: [1], start: 10, interval: 10 },
  clouds: [],
  train: [0, 2],
};

test("a formula of the user's time, as its root mean square and a shape of mean square one", async () => {
  const { noise, noiseShape } = await noiseOf("0.05*(t-10)", setting);
  // σ = ½ τ over τ in [0, 2]: mean square ¼ · 4/3; 201 even times are good to 1 %
  expect(noise).toBeCloseTo(Math.sqrt(1 / 3), 2);
  const at = toNumbers(await jit((t: Tensor) => noiseShape!(t))(ndarray(Float32Array.of(0, 1, 2), [3, 1], "f32")));
  [0, 0.5, 1].forEach((sigma, i) => void expect(at[i] * noise).toBeCloseTo(sigma, 5));
  expect(await noiseOf("0.3", setting)).toEqual({ noise: 0.3 });
  await expect(noiseOf("20-t", setting)).rejects.toThrow(/is -10 at t = 30|is -0\.\d+ at t = 20\.1/);
  await expect(noiseOf("0*t", setting)).rejects.toThrow(/zero at all times/);
  await expect(noiseOf("sigma", setting)).rejects.toThrow(/--noise/);
  await expect(noiseOf(11, setting)).rejects.toThrow(/0 to 10/);
});

test("particles spread as the integral of σ² says", async () => {
  // dX = -t² X dt + √2 t dW: variance 1 - (1 - v) exp(-2 T³ / 3)
  const mover: Mover = {
    noise: Math.SQRT2,
    dynamics: () => ({
      drift: (t: Tensor, x: Tensor) => x.mul(t.square()).neg(),
      noise: Math.SQRT2,
      noiseShape: (t: Tensor) => t,
    }),
  };
  const start = { x: normals([0], [0.1], 20_000, 1) };
  const [end] = (await pusher(mover, 1)({}, start, 0, [1.5], { rng: randomStream(2) })).clouds;
  const exact = 1 - 0.99 * Math.exp((-2 * 1.5 ** 3) / 3);
  // five standard errors of a variance, and 0.01 for 150 steps of first order
  expect(Math.abs(moments(end).deviation[0] ** 2 - exact)).toBeLessThan(5 * exact * Math.sqrt(2 / 20_000) + 0.01);
});

test("entropic action matching on a cloud that stays: the drift holds together what the noise of its time scatters", async () => {
  const cloud = normals([0], [1], 2000, 3);
  const options = { noise: 1, noiseShape: (t: Tensor) => t.mul(2).sqrt(), steps: 400, layers: 2, width: 32, threads: 1 };
  const model = await learner("eam", [0, 1], [cloud, cloud], { ...options, learningRate: 5e-3, warmUp: 50, emaDecay: 0.98 });
  const { state } = await train(model, 400, randomStream(4));
  const { dual, error } = await model.value!(state, randomStream(5));
  // ∇s = -(σ²/2) x with σ² = 2t: ½ ∫ E|∇s|² dt = ½ ∫ t² dt; 0.01 for the training
  expect(Math.abs(dual - 1 / 6)).toBeLessThan(4 * error + 0.01);
  await expect(learner("am-sb", [0, 1], [cloud, cloud], options)).rejects.toThrow(/constant noise/);
});
