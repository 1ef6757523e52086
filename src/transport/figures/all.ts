/** The pictures of an assessment. */
import type { Population } from "../../data/population.ts";
import type { Figure } from "../../plots/index.ts";
import type { Assessment } from "../evaluation/assess.ts";
import { has, type MethodName } from "../learning/methods.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { fans } from "../motion/fan.ts";
import { curvesToDraw } from "../motion/features.ts";
import type { TimeSplit } from "../paths/split.ts";
import { fatesFigure } from "./fates.ts";
import { featuresFigure } from "./features.ts";
import { growthFigure, massFigure } from "./growth.ts";
import { landscapeFigure } from "./landscape.ts";
import { type LoggedLoss, lossFigure } from "./loss.ts";
import { energyFigure, fanFigure, phaseFigure } from "./mechanics.ts";
import { pathsFigure } from "./paths.ts";
import { scoresFigure } from "./scores.ts";
import { streamFigure } from "./stream.ts";
import { transitionFigures } from "./transitions.ts";

/** What pictures show beside the assessment. */
export interface Shown {
  /** Features to draw in time; absent: those that move most. */
  readonly features?: readonly string[];
  readonly losses: readonly LoggedLoss[];
}

/** Every picture that there is something for. */
export function figuresOf(
  method: MethodName,
  data: Population,
  { clouds, until }: Pick<PreparedPopulation, "clouds" | "until">,
  { train, held }: TimeSplit,
  found: Assessment,
  { features, losses }: Shown,
): Figure[] {
  const counted = clouds.map((c, k) => ({ time: data.times[k], mass: c.mass / clouds[0].mass, held: held.includes(k) }));
  const last = train[train.length - 1];
  const ahead = until !== undefined || held.some((k) => k > last);
  return [
    pathsFigure(data, found.frames),
    ...(found.stream ? [streamFigure(data, found.stream)] : []),
    ...(found.energy ? [phaseFigure(data.features, found.frames, found.along), energyFigure(found.energy)] : []),
    ...(ahead ? [fanFigure(fans(data, found.frames), data.times[last])] : []),
    ...(found.predictions.length ? [scoresFigure(found.predictions)] : []),
    ...(has(method, "growth") ? [growthFigure(data, found.fields), massFigure(found.mass, counted)] : []),
    ...(found.fates ? [fatesFigure(found.fates)] : []),
    ...transitionFigures(found.transitions),
    featuresFigure(curvesToDraw(found.curves, features)),
    ...(found.landscape ? [landscapeFigure(data, found.landscape)] : []),
    ...(losses.length > 1 ? [lossFigure(losses, method)] : []),
  ];
}
