/**
 * The straight-through estimator: real latent weights a, whose signs are the bits of the forward pass; the gradient by a weight's value
 * goes to its latent as if the sign were the identity, and only where |a| ≤ 1.
 *
 * @source  Courbariaux et al., arXiv 1602.02830
 */
import { gradientOf } from "../families/backward.ts";
import type { Family } from "../families/family.ts";
import { decode } from "../families/network.ts";
import { mergeRows, type Points } from "../families/points.ts";
import { indexOf } from "../landscape/table.ts";
import { type Search, uniforms } from "./counter.ts";

/** Steps from one start, and the largest move of a latent in a step. */
const [steps, rate] = [60, 0.15];

/** Bits of choices have no gradient: each start draws them. */
export function straightThrough(family: Family, data: Points): Search {
  const points = mergeRows(data);
  const weights = family.groups.filter((g) => g.is === "weights" || g.is === "biases");
  return ({ bits, ask, left }, rng) => {
    const u = uniforms(rng);
    while (left() > 0) {
      const latent = Float64Array.from({ length: bits }, () => 2 * u() - 1);
      for (let step = 0; step < steps && left() > 0; step++) {
        const s = latent.map((a) => (a > 0 ? 1 : 0));
        ask(indexOf(s));
        const network = decode(family, s);
        const gradient = gradientOf(family, network, points);
        const flat = weights.map(({ is, of }) => (is === "weights" ? gradient[of].weights : gradient[of].biases));
        const most = flat.reduce((m, g) => g.reduce((a, v) => Math.max(a, Math.abs(v)), m), 0);
        if (!(most > 0)) break;
        weights.forEach(({ first, of }, at) => {
          const direction = signOf(family, of);
          flat[at].forEach((g, i) => {
            const moved = latent[first + i] - (direction * rate * g) / most;
            latent[first + i] = Math.max(-1, Math.min(1, moved));
          });
        });
      }
    }
  };
}

/** Whether bit 1 stands for the larger value of the layer's alphabet. */
const signOf = ({ spec }: Family, layer: number): number => Math.sign(spec.layers[layer].weights[1] - spec.layers[layer].weights[0]) || 1;
