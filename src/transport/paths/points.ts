/** Points of a path as programs: places, velocities, masses. */

import * as t from "../../tensor/index.ts";
import { jvp, type Tensor, take } from "../../tensor/index.ts";
import type { PathBatch } from "./batch.ts";
import { cubicBetween } from "./curves.ts";
import type { MassCurve, PathOptions } from "./path.ts";
import { coneGeodesic } from "./unbalanced.ts";

/** Points of a path with what is known of them. */
export interface PathPoints {
  readonly x: Tensor;
  /** dx/dt; absent for mixtures. */
  readonly v?: Tensor;
  /** Mass and its rate, [B, 1]; absent where mass is conserved. */
  readonly mass?: Tensor;
  readonly massRate?: Tensor;
}

/** Mass between Z_0 and Z_1. */
export function massBetween(curve: MassCurve, z0: Tensor, z1: Tensor, u: Tensor): Tensor {
  const rest = u.neg().add(1);
  if (curve === "linear") return z0.mul(rest).add(z1.mul(u));
  if (curve === "log") return t.exp(t.log(z0).mul(rest).add(t.log(z1).mul(u)));
  return t.sqrt(z0).mul(rest).add(t.sqrt(z1).mul(u)).square();
}

/** The prescribed total mass over that of the geodesics. */
function rescaled(totals: Tensor, curve: MassCurve, u: Tensor): Tensor {
  const [z0, z1, overlap] = [0, 1, 2].map((j) => totals.slice(null, [j, j + 1]));
  const rest = u.neg().add(1);
  const own = z0.mul(rest.square()).add(z1.mul(u.square())).add(overlap.mul(rest).mul(u).mul(2));
  return massBetween(curve, z0, z1, u).div(own);
}

/** Points x_t [B, d] of a batch, their velocities, masses and growth. */
export function pathPoints(points: Tensor, batch: PathBatch<Tensor>, options: Required<PathOptions>): PathPoints {
  const { from, to, u, gap, mass0, mass1, noise, coin } = batch;
  const [a, b] = [take(points, from), take(points, to)];
  const rate = gap.mul(0).add(1).div(gap);
  const way = wayBetween(a, b, points, batch);
  if (options.coupling === "unbalanced" && mass0 && mass1) {
    const along = (place: Tensor) => {
      const { x, mass } = batch.chain
        ? { x: way(place), mass: massBetween("geodesic", mass0, mass1, place) }
        : coneGeodesic(a, b, mass0, mass1, place, options.growth);
      return { x, mass: batch.totals ? mass.mul(rescaled(batch.totals, options.massCurve, place)) : mass };
    };
    const [now, change] = jvp(along, [u], [rate]);
    return { x: now.x, v: change.x, mass: now.mass, massRate: change.mass };
  }
  const grown = mass0 && mass1 && jvp((place: Tensor) => massBetween(options.massCurve, mass0, mass1, place), [u], [rate]);
  const mass = grown && { mass: grown[0], massRate: grown[1] };
  if (coin) return { x: t.where(t.less(coin, u), b, a), ...mass };
  const place = (w: Tensor): Tensor => {
    if (!noise) return way(w);
    // 1e-6 keeps the velocity finite at the knots, where the bridge is a thousandth of σ wide
    const width = t.sqrt(w.mul(w.neg().add(1)).add(1e-6).mul(gap)).mul(options.noise);
    return way(w).add(noise.mul(width));
  };
  const [x, v] = jvp(place, [u], [rate]);
  return { x, v, ...mass };
}

/** From a to b as a function of the place: straight, or on the curve of the chain. */
function wayBetween(a: Tensor, b: Tensor, points: Tensor, { chain, slopes, gap }: PathBatch<Tensor>): (u: Tensor) => Tensor {
  if (!chain || !slopes) return (u) => a.add(b.sub(a).mul(u));
  const velocities = slopes.matmul(take(points, chain));
  const [v0, v1] = [0, 1].map((end) => velocities.slice(null, end));
  return (u) => cubicBetween(a, b, v0, v1, gap, u);
}
