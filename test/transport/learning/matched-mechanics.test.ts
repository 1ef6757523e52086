/** Mechanics by the missing force of an action: signs by closed forms, and what is learned of it. */
import { expect, test } from "vitest";
import { array, item, type NdArray, ndarray, type Random, randomStream, toNumbers } from "../../../src/array/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import {
  type Action,
  acceleration,
  freeMotion,
  gradient,
  matchedMechanics,
  pathThrough,
  pusher,
  quadraticPotential,
} from "../../../src/transport/index.ts";
import { normals, train } from "../training.ts";

const [omega, gamma] = [0.8, 0.3];
const wide = Math.sqrt(omega ** 2 - gamma ** 2 / 4);
/** Damped oscillations with their slopes from (x, v): x'' = -ω² x - γ x'. */
const damped = (x: number, v: number) => (time: Tensor) => {
  const fall = time.mul(-gamma / 2).exp();
  const [c, s] = [time.mul(wide).cos(), time.mul(wide).sin()];
  const b = (v + (gamma / 2) * x) / wide;
  const value = fall.mul(c.mul(x).add(s.mul(b)));
  const slope = fall.mul(c.mul(b * wide).sub(s.mul(x * wide))).sub(value.mul(gamma / 2));
  return { value, slope };
};

test("no force is missing along the exact action of damped oscillators, with its friction and with no other", async () => {
  // a cloud m(t) + r(t) z, both damped oscillations: s = m' (x - m) + (r' / 2r) (x - m)²
  const [centre, width] = [damped(1, 0.4), damped(1.5, 0.2)];
  const s: Action = (time, x) => {
    const [m, r] = [centre(time), width(time)];
    const off = x.sub(m.value);
    return off
      .mul(m.slope)
      .add(off.square().mul(r.slope.div(r.value).div(2)))
      .squeeze(1);
  };
  const missing = jit((time: Tensor, x: Tensor, friction: Tensor) =>
    acceleration({ ...freeMotion, potential: quadraticPotential(omega ** 2) }, s, time, x).add(gradient(s, time, x).mul(friction)),
  );
  const [time, x] = [array([[0], [0.3], [0.7], [1.1]], "f64"), array([[0.5], [-1], [2], [0.2]], "f64")];
  const at = async (friction: number) => toNumbers(await missing(time, x, array(friction, "f64")));
  for (const force of await at(gamma)) expect(Math.abs(force)).toBeLessThan(1e-10);
  for (const force of await at(0)) expect(Math.abs(force)).toBeGreaterThan(1e-3);
});

const times = [0, 0.8, 1.6, 2.4, 3.2, 4, 4.8, 5.6, 6.4];
/** Clouds about a centre that oscillates, of a width that does so too and never vanishes. */
function snapshot(time: number, rng: Random, friction: number): NdArray<"f32"> {
  const own = Math.sqrt(omega ** 2 - friction ** 2 / 4);
  const fall = Math.exp((-friction * time) / 2);
  const [c, s] = [fall * Math.cos(own * time), (fall * Math.sin(own * time)) / own];
  const kick = (x: number, v: number): number => c * x + s * (v + (friction / 2) * x);
  const z = rng.normal([200, 2]).data;
  // each feature a swing: x = x0 c, y = (0.9 + 0.2 z) s; rows keep their place in the cloud
  const points = Float32Array.from(z, (e, i) => (i % 2 ? kick(0.2 * e, 0.8) : kick(1 + 0.25 * e, 0)));
  return ndarray(points, [200, 2], "f32");
}
const small = { steps: 500, layers: 2, width: 32, batch: 128, learningRate: 6e-3, warmUp: 30, emaDecay: 0.98, threads: 1 };

test("a potential is learned from the accelerations of curves, and holds new particles in their orbit", async () => {
  const rng = randomStream(2);
  const clouds = times.map((t) => snapshot(t, rng.fold(`${t}`), 0));
  const model = matchedMechanics(await pathThrough(times, clouds, { curve: "spline" }), small);
  const { state, metrics } = await train(model, 500, rng.fold("training"));
  const params = model.average(state);
  // the missing force is a part of the force, whose mean square is ω⁴ E|x|², about 0.25
  expect(metrics.at(-1)!.missing).toBeLessThan(0.1);
  // a quarter of a period from rest leads to the middle
  const start = normals([0.7, 0.2], [0.05, 0.05], 100, 3);
  const still = ndarray(new Float32Array(200), [100, 2], "f32");
  const [moved] = (await pusher(model, 1)(params, { x: start, velocity: still }, 0, [Math.PI / 2 / omega])).clouds;
  const mean = moved.x.data.reduce((a, v, i) => a + (i % 2 ? 0 : v), 0) / 100;
  expect(Math.abs(mean)).toBeLessThan(0.2);
}, 20_000);

test("friction is told by the forces that are missing", async () => {
  const rng = randomStream(4);
  const clouds = times.map((t) => snapshot(t, rng.fold(`${t}`), gamma));
  const model = matchedMechanics(await pathThrough(times, clouds, { curve: "spline" }), {
    ...{ ...small, energy: "given", given: { potential: quadraticPotential(omega ** 2) }, friction: "fit" },
  });
  const { state } = await train(model, 500, rng.fold("training"));
  const found = Math.exp(item((model.average(state) as { friction: NdArray }).friction));
  // natural splines have no acceleration at both ends, which takes a part of it
  expect(Math.abs(found - gamma)).toBeLessThan(0.12);
}, 20_000);
