/** Particles with places and velocities, moved by second-order mechanics. */
import { item, type NdArray, ndarray } from "../../array/index.ts";
import { adaptiveSteps, type Field, integrate, type Mechanics, marchPhase } from "../../solve/index.ts";
import { concat, jit, sign, type Tensor } from "../../tensor/index.ts";
import { accelerationOf } from "../lagrangian/energy.ts";
import type { Dynamics, Mover, PhaseDynamics } from "../learning/model.ts";
import { type Room, within } from "../learning/room.ts";
import type { Particles, WeightedParticles } from "./particles.ts";
import { type Push, stepNoise } from "./pushing.ts";
import { rates } from "./rates.ts";

/** Of a step, absolute and relative. Orbits add their errors up to a lag that grows with time squared, so that they are solved more exactly. */
const tolerances = [1e-6, 1e-5] as const;

/**
 * The mover of a model of mechanics. Particles without velocities are launched with those of their place and time. Without noise the
 * equations are solved by Dormand and Prince in both directions of time, with it by the splitting of `marchPhase`. With `flow` places follow
 * the mean velocity instead.
 */
export function phasePusher<P>(model: Mover<P>, threads?: number): Push<P> {
  const { room, noise: sigma } = model;
  const of = (p: P): Dynamics & { readonly mechanics: PhaseDynamics } => {
    const dynamics = model.dynamics(p);
    const { mechanics } = dynamics;
    if (!mechanics) throw new Error("push: a model with phases has no mechanics");
    return { ...dynamics, mechanics };
  };
  const launch = jit((p: P, t: Tensor, x: Tensor) => of(p).mechanics.launch(t, x), { threads });
  const smooth = (tolerance: number) =>
    jit(
      (p: P, y: Tensor, at: Tensor) =>
        integrate(phaseField(of(p).mechanics, room, directionOf(at)), y, at, {
          control: adaptiveSteps({ rtol: tolerance, atol: tolerance }),
        }),
      { threads },
    );
  const [fine, coarse] = tolerances.map(smooth);
  const noisy = jit((p: P, x: Tensor, v: Tensor, at: Tensor, z: Tensor) => marchPhase(held(of(p).mechanics, room, 1), { x, v }, at, z), {
    threads,
  });
  const flow = jit((p: P, y: Tensor, at: Tensor) => integrate(rates({ drift: of(p).drift }), y, at), { threads });
  return async (params, particles, from, to, { rng, stepsPerUnit = 100, pair, flow: places = false } = {}) => {
    const { x, logWeight } = particles;
    const [n, d] = x.shape;
    const times = ndarray(Float32Array.of(from, ...to), [to.length + 1], "f32");
    if (places) {
      const { states, evaluations } = await flow(params, sideBySide(x, zeros(n, 1)), times);
      return { clouds: to.map((_, i) => split(states, i, d, false, logWeight)), evaluations: item(evaluations) };
    }
    const start = particles.velocity ?? ((await launch(params, column(from, n), x)) as NdArray<"f32">);
    if (sigma === 0) {
      const { states, evaluations } = await (pair === "coarse" ? coarse : fine)(params, sideBySide(x, start), times);
      return { clouds: to.map((_, i) => split(states, i, d, true, logWeight)), velocity: start, evaluations: item(evaluations) };
    }
    if (!rng) throw new Error("push: dynamics with noise need a stream of random numbers");
    if (to[to.length - 1] < from) throw new Error("push: these dynamics have noise and run forward only");
    const clouds: WeightedParticles[] = [];
    let [now, at, evaluations] = [{ x, velocity: start } as Required<Omit<Particles, "logWeight">>, from, 0];
    for (const next of to) {
      const steps = Math.max(1, Math.ceil((next - at) * stepsPerUnit)) * (pair === "fine" ? 2 : 1);
      const grid = Float32Array.from({ length: steps + 1 }, (_, i) => at + ((next - at) * i) / steps);
      const z = stepNoise(rng, [steps, n, d], pair);
      const path = await noisy(params, now.x, now.velocity, ndarray(grid, [steps + 1], "f32"), z);
      const last = (all: NdArray): NdArray<"f32"> =>
        ndarray((all.data as Float32Array<ArrayBuffer>).slice((steps - 1) * n * d), [n, d], "f32");
      now = { x: last(path.x), velocity: last(path.v) };
      clouds.push({ ...now, logWeight: logWeight ?? zeros(n) });
      [at, evaluations] = [next, evaluations + steps];
    }
    return { clouds, velocity: start, evaluations };
  };
}

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
function split(states: NdArray, k: number, d: number, both: boolean, logWeight?: NdArray<"f32">): WeightedParticles {
  const [, n, w] = states.shape;
  const data = states.data as Float32Array<ArrayBuffer>;
  const part = (first: number): NdArray<"f32"> => {
    const own = new Float32Array(n * d);
    for (let i = 0; i < n; i++) own.set(data.subarray((k * n + i) * w + first, (k * n + i) * w + first + d), i * d);
    return ndarray(own, [n, d], "f32");
  };
  return { x: part(0), logWeight: logWeight ?? zeros(n), ...(both && { velocity: part(d) }) };
}
