/** The noise of particles, a number or a formula in time. */
import { ndarray, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { innerTime } from "../paths/units.ts";
import { formulaOf } from "./formulas.ts";
import type { ForceSetting } from "./setting.ts";

/** σ(t) as its root mean square and, if it depends on time, its shape. */
export interface TimedNoise {
  readonly noise: number;
  /** σ(t) over `noise`, [B, 1] -> [B, 1], in times of the training. */
  readonly noiseShape?: (t: Tensor) => Tensor;
}

/** Does the noise depend on time? */
export const dependsOnTime = (noise: number | string): boolean => typeof noise === "string" && !(Number(noise.trim() || Number.NaN) >= 0);

/** Largest σ, in standard deviations. */
const largest = 10;

/**
 * σ in standardised units, as a number or a formula of the user's time, over all times of the data.
 *
 * @throws UserError  where it is not a number in [0, 10], or zero at all times
 */
export async function noiseOf(text: number | string, { data, units, train }: Omit<ForceSetting, "rng">): Promise<TimedNoise> {
  if (!dependsOnTime(text)) {
    const noise = Number(text);
    if (!(noise >= 0 && noise <= largest))
      throw new UserError(`--noise ${text}: expected a number from 0 to ${largest}, or a formula in t`);
    return { noise };
  }
  const formula = formulaOf("--noise", String(text), ["t"]);
  const sigma = (t: Tensor): Tensor => formula({ t: t.mul(units.interval).add(units.start) }).add(t.mul(0));
  const [first, lastTrained, last] = [train[0], train[train.length - 1], data.times.length - 1].map((k) => innerTime(units, data.times[k]));
  const valuesTo = async (end: number): Promise<{ times: Float32Array; values: number[] }> => {
    const times = Float32Array.from({ length: 201 }, (_, i) => first + ((end - first) * i) / 200);
    return { times, values: toNumbers(await jit(sigma)(ndarray(times, [201, 1], "f32"))) };
  };
  const { times, values } = await valuesTo(last);
  const bad = values.findIndex((v) => !(v >= 0 && v <= largest));
  if (bad >= 0)
    throw new UserError(
      `--noise: "${text}" is ${values[bad]} at t = ${(times[bad] * units.interval + units.start).toPrecision(4)}`,
      `σ is a number from 0 to ${largest}, in standard deviations`,
    );
  const trained = lastTrained === last ? values : (await valuesTo(lastTrained)).values;
  const noise = Math.sqrt(trained.reduce((s, v) => s + v * v, 0) / trained.length);
  if (!(noise > 0)) throw new UserError(`--noise: "${text}" is zero at all times`, "use a method without noise");
  return { noise, noiseShape: (t) => sigma(t).div(noise) };
}
