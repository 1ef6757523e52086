/**
 * The learned path of a Lagrangian flow: corrections of the straight lines between pairs, or of the geodesics of pairs that change their
 * mass.
 */

import type { Mlp } from "../../nn/index.ts";
import { jvp, type Tensor, take } from "../../tensor/index.ts";
import type { Lagrangian } from "../lagrangian/lagrangian.ts";
import type { PathBatch } from "../paths/batch.ts";
import { type GeneratorForm, generate } from "../paths/generator.ts";
import type { Path } from "../paths/path.ts";
import { massBetween } from "../paths/points.ts";
import { coneGeodesic } from "../paths/unbalanced.ts";

/** What is corrected, and how. */
export interface Generating {
  readonly path: Path;
  /** With λ of the geodesics. */
  readonly lagrangian: Pick<Lagrangian, "growth">;
  readonly form: GeneratorForm;
}

/** Samples of the learned path. */
export interface Generated {
  readonly x: Tensor;
  /** Corrections of the straight lines over their bound, [B]. */
  readonly reach: Tensor;
  readonly mass?: Tensor;
}

/** Points of a batch at times t and places u between the snapshots. */
export function generated(
  { path, lagrangian: { growth }, form }: Generating,
  q: Mlp,
  points: Tensor,
  batch: PathBatch<Tensor>,
  t = batch.t,
  u = batch.u,
): Generated {
  const [a, b] = [take(points, batch.from), take(points, batch.to)];
  const { mass0, mass1 } = batch;
  const cone = path.options.coupling === "unbalanced" && mass0 && mass1 ? coneGeodesic(a, b, mass0, mass1, u, growth) : undefined;
  const { x, massFactor, reach } = generate(q, form, t, u, a, b, cone?.x);
  if (!massFactor) return { x, reach };
  const one = u.mul(0).add(1);
  const mass = cone?.mass ?? massBetween("geodesic", mass0 ?? one, mass1 ?? one, u);
  return { x, reach, mass: mass.mul(massFactor) };
}

/** Points and masses of a batch, and their rates in time, of a path that does not jump. */
export function generatedRates(game: Generating, q: Mlp, points: Tensor, batch: PathBatch<Tensor>): [Generated, Generated] {
  const one = batch.t.mul(0).add(1);
  return jvp((t: Tensor, u: Tensor) => generated(game, q, points, batch, t, u), [batch.t, batch.u], [one, one.div(batch.gap)]);
}
