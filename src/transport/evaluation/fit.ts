/** How well the learned motion meets the snapshots that it was learned from. */
import type { Random } from "../../array/index.ts";
import { type Weighted, wasserstein } from "../../distances/index.ts";
import { has, type MethodName } from "../learning/methods.ts";
import { meanWeight, particlesOf } from "../motion/particles.ts";
import type { TrainedModel } from "../motion/push.ts";
import { type Cloud, weighted } from "../paths/cloud.ts";
import { beginning } from "./beginning.ts";
import { floorOf } from "./scores.ts";
import { subsampled } from "./thinning.ts";

/** A snapshot that was learned from, beside the one before it after the motion. */
export interface Fit {
  /** In units of the training, as all of it. */
  readonly time: number;
  /** W1 of the moved particles to the snapshot, without the motion, and between two halves of the snapshot; NaN for a single particle. */
  readonly w1: number;
  readonly copy: number;
  readonly floor: number;
  /** Moved over observed mass, for methods with growth. */
  readonly mass?: number;
}

/** Most particles of a snapshot that are looked at. */
const most = 400;

/** Every training snapshot but the first, from the one before it. */
export async function fits(
  method: MethodName,
  { model, push, params }: TrainedModel,
  times: readonly number[],
  clouds: readonly Cloud[],
  rng: Random,
): Promise<Fit[]> {
  const result: Fit[] = [];
  for (let k = 1; k < times.length; k++) {
    const random = rng.fold(k);
    const [from, to] = [clouds[k - 1], clouds[k]].map((c, i) => subsampled(c, random.fold(i), most));
    const start = beginning(model, k - 1);
    const moving = start === k - 1 ? from : subsampled(clouds[start], random.fold("start"), most);
    const moved = await push(params, particlesOf(moving), times[start], [times[k]], { rng: random.fold("push") });
    const [{ x, logWeight }] = moved.clouds;
    const truth = weighted(to);
    const mass = has(method, "growth") ? (meanWeight(logWeight) * clouds[k - 1].mass) / clouds[k].mass : undefined;
    result.push({
      time: times[k],
      w1: distance({ x, weights: logWeight.data.map(Math.exp) }, truth),
      copy: distance(weighted(from), truth),
      floor: floorOf(truth, random),
      ...(mass !== undefined && { mass }),
    });
  }
  return result;
}

const distance = (a: Weighted, b: Weighted): number => wasserstein(a.x, b.x, { power: 1, weights: { x: a.weights, y: b.weights } });
