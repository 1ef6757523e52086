/** Particles with places and velocities, moved by second-order mechanics. */
import { item, type NdArray, ndarray } from "../../array/index.ts";
import { adaptiveSteps, type Field, integrate, type Mechanics, marchPhase } from "../../solve/index.ts";
import { concat, jit, sign, type Tensor } from "../../tensor/index.ts";
import { accelerationOf } from "../lagrangian/energy.ts";
import type { Mover, PhaseDynamics } from "../learning/model.ts";
import { kept, type Room, within } from "../learning/room.ts";
import type { WeightedParticles } from "./particles.ts";
import { type Push, stepNoise } from "./pushing.ts";
import { rates } from "./rates.ts";

/** Of a step, absolute and relative. Orbits add their errors up to a lag that grows with time squared, so that they are solved more exactly. */
const tolerances = [1e-6, 1e-5] as const;

/** The programs that move particles of a model, compiled once a shape. */
function programsOf<P>(model: Mover<P>, threads?: number) {
  const { room } = model;
  const mechanicsOf = (p: P): PhaseDynamics => {
    const { mechanics } = model.dynamics(p);
    if (!mechanics) throw new Error("push: a model with phases has no mechanics");
    return mechanics;
  };
  const smooth = (tolerance: number) => {
    const control = adaptiveSteps({ rtol: tolerance, atol: tolerance });
    return jit((p: P, y: Tensor, at: Tensor) => integrate(phaseField(mechanicsOf(p), room, directionOf(at)), y, at, { control }), {
      threads,
    });
  };
  const [fine, coarse] = tolerances.map(smooth);
  const flow = (p: P, y: Tensor, at: Tensor) => integrate(rates(kept(model.dynamics(p), room, directionOf(at))), y, at);
  const noisy = (p: P, x: Tensor, v: Tensor, at: Tensor, z: Tensor) => marchPhase(held(mechanicsOf(p), room, 1), { x, v }, at, z);
  return {
    ...{ fine, coarse, flow: jit(flow, { threads }), noisy: jit(noisy, { threads }) },
    launch: jit((p: P, t: Tensor, x: Tensor) => mechanicsOf(p).launch(t, x), { threads }),
  };
}

/**
 * The mover of a model of mechanics. Particles without velocities are launched with those of their place and time. Without noise the
 * equations are solved by Dormand and Prince in both directions of time, with it by the splitting of `marchPhase`. With `flow` places follow
 * the mean velocity instead.
 */
export function phasePusher<P>(model: Mover<P>, threads?: number): Push<P> {
  const programs = programsOf(model, threads);
  return async (params, particles, from, to, { rng, stepsPerUnit = 100, pair, flow = false } = {}) => {
    const { x, logWeight = zeros(particles.x.shape[0]) } = particles;
    const [n, d] = x.shape;
    const times = ndarray(Float32Array.of(from, ...to), [to.length + 1], "f32");
    if (flow) {
      const { states, evaluations } = await programs.flow(params, sideBySide(x, zeros(n, 1)), times);
      return { clouds: to.map((_, i) => split(states, i, d, logWeight, false)), evaluations: item(evaluations) };
    }
    const velocity = particles.velocity ?? ((await programs.launch(params, column(from, n), x)) as NdArray<"f32">);
    if (model.noise === 0) {
      const solve = pair === "coarse" ? programs.coarse : programs.fine;
      const { states, evaluations } = await solve(params, sideBySide(x, velocity), times);
      return { clouds: to.map((_, i) => split(states, i, d, logWeight, true)), velocity, evaluations: item(evaluations) };
    }
    if (!rng) throw new Error("push: dynamics with noise need a stream of random numbers");
    if (to[to.length - 1] < from) throw new Error("push: these dynamics have noise and run forward only");
    const clouds: WeightedParticles[] = [];
    let now = { x, velocity };
    let [at, evaluations] = [from, 0];
    for (const next of to) {
      const steps = Math.max(1, Math.ceil((next - at) * stepsPerUnit)) * (pair === "fine" ? 2 : 1);
      const grid = Float32Array.from({ length: steps + 1 }, (_, i) => at + ((next - at) * i) / steps);
      const z = stepNoise(rng, [steps, n, d], pair);
      const path = await programs.noisy(params, now.x, now.velocity, ndarray(grid, [steps + 1], "f32"), z);
      now = { x: last(path.x), velocity: last(path.v) };
      clouds.push({ ...now, logWeight });
      [at, evaluations] = [next, evaluations + steps];
    }
    return { clouds, velocity, evaluations };
  };
}

/** The last of states [M, n, d]. */
const last = ({ data, shape: [M, n, d] }: NdArray): NdArray<"f32"> =>
  ndarray((data as Float32Array<ArrayBuffer>).slice((M - 1) * n * d), [n, d], "f32");

const directionOf = (at: Tensor): Tensor => sign(at.slice(-1).sub(at.slice(0)));

/** Mechanics whose particles stay in a room: what carries their places out of it fades. */
function held({ energies, ...motion }: PhaseDynamics, room: Room | undefined, direction: Tensor | number): Mechanics {
  return {
    ...motion,
    acceleration: accelerationOf(energies),
    ...(room && { follow: (v: Tensor, x: Tensor) => within(room, v, x, direction) }),
  };
}

/** d[x, v]/dt = [v, a - γ v], [n, 2d]. */
function phaseField(dynamics: PhaseDynamics, room: Room | undefined, direction: Tensor | number): Field {
  const { acceleration, friction, follow = (v: Tensor) => v } = held(dynamics, room, direction);
  return (t, y) => {
    const d = y.shape[1] / 2;
    const [x, v] = [y.slice(null, [0, d]), y.slice(null, [d, 2 * d])];
    const a = acceleration(t, x);
    return concat([follow(v, x), friction === undefined ? a : a.sub(v.mul(friction))], 1);
  };
}

const zeros = (...shape: number[]): NdArray<"f32"> => ndarray(new Float32Array(shape.reduce((a, b) => a * b)), shape, "f32");
const column = (time: number, n: number): NdArray<"f32"> => ndarray(new Float32Array(n).fill(time), [n, 1], "f32");

/** [x, v]. */
function sideBySide(x: NdArray<"f32">, v: NdArray<"f32">): NdArray<"f32"> {
  const [n, d] = x.shape;
  const w = d + v.shape[1];
  const data = new Float32Array(n * w);
  for (let i = 0; i < n; i++) {
    data.set(x.data.subarray(i * d, (i + 1) * d), i * w);
    data.set(v.data.subarray(i * (w - d), (i + 1) * (w - d)), i * w + d);
  }
  return ndarray(data, [n, w], "f32");
}

/** Places of the states of one time, and velocities where they stand beside them. */
function split(states: NdArray, k: number, d: number, logWeight: NdArray<"f32">, both: boolean): WeightedParticles {
  const [, n, w] = states.shape;
  const data = states.data as Float32Array<ArrayBuffer>;
  const part = (first: number): NdArray<"f32"> => {
    const own = new Float32Array(n * d);
    for (let i = 0; i < n; i++) own.set(data.subarray((k * n + i) * w + first, (k * n + i) * w + first + d), i * d);
    return ndarray(own, [n, d], "f32");
  };
  return { x: part(0), logWeight, ...(both && { velocity: part(d) }) };
}
