/** The energy of particles that were moved by mechanics, against the work of what is not conservative. */
import { item, ndarray } from "../../array/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { energyAt } from "../lagrangian/energy.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import type { Frame } from "../motion/frames.ts";
import type { TrainedModel } from "../motion/push.ts";
import { innerTime, timeText } from "../paths/units.ts";

/** Means over the particles at a time; energies in units of the training, squared standard deviations over squared mean intervals. */
export interface EnergyPoint {
  /** The user's. */
  readonly time: number;
  readonly kinetic: number;
  readonly potential: number;
  /** The total at the start and the work since then, by friction, noise and a potential that changes: what the total should be. */
  readonly expected: number;
}

/** Energies in time, and how far they are from balance. */
export interface EnergyCurve {
  readonly points: readonly EnergyPoint[];
  /** Largest |total - expected| over the largest kinetic energy. */
  readonly imbalance: number;
  /** Standard error that noise alone gives this. */
  readonly error: number;
  /** γ in the user's unit of time. */
  readonly friction: number;
}

/** The energies of the moved particles at every frame; of models without mechanics none. */
export async function energyInTime<P>(
  { model, params }: TrainedModel<P>,
  frames: readonly Pick<Frame, "time" | "inner" | "velocity">[],
  { units }: Pick<PreparedPopulation, "units">,
): Promise<EnergyCurve | undefined> {
  if (!model.phase) return undefined;
  const run = jit((p: P, t: Tensor, x: Tensor, v: Tensor) => {
    const { mechanics } = model.dynamics(p);
    if (!mechanics) throw new Error("energyInTime: a model with phases has no mechanics");
    const friction = mechanics.friction ?? 0;
    return { ...energyAt(mechanics.energies, friction, mechanics.noise ?? 0, t, x, v), friction: t.mul(0).add(friction) };
  });
  let rate = 0;
  const found: { time: number; at: number; kinetic: number; potential: number; power: number }[] = [];
  for (const { time, inner, velocity } of frames) {
    if (!velocity) throw new Error("energyInTime: particles have no velocities");
    const at = innerTime(units, time);
    const { kinetic, potential, power, friction } = await run(params, ndarray(Float32Array.of(at), [], "f32"), inner, velocity);
    rate = item(friction) / units.interval;
    found.push({ time, at, kinetic: item(kinetic), potential: item(potential), power: item(power) });
  }
  return { ...balanced(found, model.noise, frames[0].inner.shape[0]), friction: rate };
}

/** Work by Simpson's rule over pairs of steps of equal length, by trapezoids between. */
function balanced(
  found: readonly { time: number; at: number; kinetic: number; potential: number; power: number }[],
  noise: number,
  n: number,
): Omit<EnergyCurve, "friction"> {
  const total = found.map((f) => f.kinetic + f.potential);
  const work = [0];
  for (let i = 1; i < found.length; i++) {
    const [a, b] = [found[i - 1], found[i]];
    const h = b.at - a.at;
    const before = i >= 2 ? found[i - 2] : undefined;
    const even = i % 2 === 0 && before && Math.abs(a.at - before.at - h) < 1e-3 * h;
    work.push(even ? work[i - 2] + (h / 3) * (before.power + 4 * a.power + b.power) : work[i - 1] + (h / 2) * (a.power + b.power));
  }
  const points = found.map(({ time, kinetic, potential }, i) => ({ time, kinetic, potential, expected: total[0] + work[i] }));
  const scale = Math.max(...found.map((f) => f.kinetic), Number.MIN_VALUE);
  const worst = Math.max(...total.map((e, i) => Math.abs(e - total[0] - work[i])));
  // of the martingale σ ∫ v·dW of each particle: σ² ∫ |v|² dt
  const squares = found.slice(1).reduce((s, f, i) => s + (f.at - found[i].at) * (f.kinetic + found[i].kinetic), 0);
  return { points, imbalance: worst / scale, error: (noise * Math.sqrt(squares / n)) / scale };
}

/**
 * Part of the kinetic energy that may be lost or won without a reason: with a twentieth of it speeds are off by a fortieth, less than a
 * picture shows. And standard errors, for the noise: the largest of many times passes three of them by chance.
 */
const largestImbalance = 0.05;
const errorsOff = 4;

/** Energy that came from nowhere. */
export function lostEnergy(energy: EnergyCurve | undefined): string[] {
  if (!energy || energy.imbalance <= Math.max(largestImbalance, errorsOff * energy.error)) return [];
  const { points, imbalance } = energy;
  const off = points.map((p) => Math.abs(p.kinetic + p.potential - p.expected));
  const worst = points[off.indexOf(Math.max(...off))];
  return [
    `energy is not in balance: at time ${timeText(worst.time)} ${(100 * imbalance).toFixed(0)} % of the kinetic energy came from nowhere or ` +
      `is lost (${100 * largestImbalance} % are too much): particles were held back outside of the data, or forces are too steep for the ` +
      "solver; raise --steps, lower --learning-rate, or follow the motion less far",
  ];
}
