/**
 * Flow matching: regression of a vector field, without an action, on the velocities of a path. The same networks, batches and solvers as
 * action matching, to compare with.
 *
 *   independent pairs: I-CFM;  optimal-transport pairs: OT-CFM;  entropic pairs and bridges of noise σ: SB-CFM, and with a score: [SF]²M
 *
 * @source  Tong et al., TMLR 2024 (conditional flow matching); Tong et al., AISTATS 2024 ([SF]²M)
 */

import { item } from "../../array/index.ts";
import { type Mlp, mlp } from "../../nn/index.ts";
import { type Arrays, clamp, concat, jit, less, sqrt, type Tensor, where } from "../../tensor/index.ts";
import type { VectorField } from "../lagrangian/lagrangian.ts";
import { drawPath, type PathBatch } from "../paths/batch.ts";
import type { Path } from "../paths/path.ts";
import { pathPoints } from "../paths/points.ts";
import { actionDefaults } from "./action-model.ts";
import { type Descending, descent, type Model, type TrainOptions, trainDefaults } from "./model.ts";

/** The network and its training. */
export interface FlowMatchingOptions extends TrainOptions {
  readonly layers?: number;
  readonly width?: number;
  /** Learn the score of the bridges too, and move particles by the stochastic equation of noise σ. */
  readonly score?: boolean;
}

interface Networks {
  readonly velocity: Mlp;
  /** Minus the noise of the bridge, z = -(width) ∇log p. */
  readonly score?: Mlp;
}

const field =
  (net: Mlp): VectorField =>
  (t, x) =>
    mlp.apply(net, concat([t, x], 1), "silu");

/**
 * Loss E|v_θ(t, x_t) - v_t|² (+ E|z_θ + z|² for the noise z of the bridge).
 *
 * @throws RangeError  for a path without velocities, or a score without bridges
 */
export function flowMatching(path: Path, options: FlowMatchingOptions = {}): Model<Arrays<Descending<Networks>>, Networks> {
  const o = { layers: actionDefaults.layers, width: actionDefaults.width, score: false, ...trainDefaults, ...options };
  const { shape, noise } = path.options;
  if (shape === "mixture") throw new RangeError("flowMatching: a mixture path has no velocities");
  if (o.score && shape !== "bridge") throw new RangeError("flowMatching: a score needs bridges");
  const d = path.points.shape[1];
  const down = descent(o);
  const program = (state: Descending<Networks>, points: Tensor, batch: PathBatch<Tensor>) => {
    const { x, v } = pathPoints(points, batch, path.options);
    const lossOf = (p: Networks): [Tensor, Tensor] => {
      const miss = field(p.velocity)(batch.t, x)
        .sub(v as Tensor)
        .square()
        .sum(1)
        .mean();
      if (!p.score || !batch.noise) return [miss, miss];
      const scoreMiss = field(p.score)(batch.t, x).add(batch.noise).square().sum(1).mean();
      return [miss.add(scoreMiss), miss];
    };
    const { state: next, loss } = down.step(state, lossOf);
    return { state: next, loss };
  };
  const run = jit(program, { threads: o.threads });
  return {
    init(rng) {
      const sizes = [d + 1, ...new Array<number>(o.layers).fill(o.width), d];
      const [first, second] = rng.split(2);
      return down.init({ velocity: mlp.init(first, sizes), ...(o.score && { score: mlp.init(second, sizes) }) });
    },
    async step(state, rng) {
      const { state: next, loss } = await run(state, path.points, drawPath(path, rng, o.batch));
      return { state: next, metrics: { loss: item(loss) } };
    },
    average: (state) => state.average.average,
    dynamics({ velocity, score }) {
      const flow = field(velocity);
      if (!score) return { drift: flow, noise: 0 };
      // drift v + (σ²/2) ∇log p, with ∇log p = z_θ / width(t)
      const drift: VectorField = (t, x) => {
        const pull = field(score)(t, x).div(bridgeWidth(path, t));
        return flow(t, x).add(pull.mul(noise / 2));
      };
      return { drift, noise, flow };
    },
    noise: o.score ? noise : 0,
  };
}

/** Width of the bridges at times t [B, 1], over σ: √(gap u (1 - u)), kept above a tenth of √gap, where the score would be infinite. */
function bridgeWidth({ times }: Path, t: Tensor): Tensor {
  let width: Tensor | undefined;
  for (let k = 0; k + 1 < times.length; k++) {
    const gap = times[k + 1] - times[k];
    const u = clamp(t.sub(times[k]).div(gap), 0, 1);
    const inside = sqrt(
      u
        .mul(u.neg().add(1))
        .mul(gap)
        .add(gap / 100),
    );
    width = width ? where(less(t, times[k]), width, inside) : inside;
  }
  return width as Tensor;
}
