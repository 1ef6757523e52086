/** What a pilot finds and a reported run keeps: temperatures and step sizes. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { linearSchedule, powerSchedule, sigmoidSchedule } from "../../sampling/index.ts";

/** Frozen before the reported chains begin, from other data and other random numbers. */
export interface Frozen {
  /** 0 = β_0 < … < β_T = 1. */
  readonly betas: ArrayLike<number>;
  /** ε_t of temperature t = 1 … T, the same in both directions. */
  readonly stepSizes: ArrayLike<number>;
  readonly leapfrogs: number;
  /** Where chains begin. */
  readonly route: "prior" | "proposal";
  /** What its path is of, where that is not the joint model as it stands: "energy", "a rate curve up to β = 4". */
  readonly use?: string;
  /** Thermodynamic length Λ = ∫ √V dβ, if the pilot measured it. */
  readonly length?: number;
  /** √V at the pilot's temperatures, for pictures. */
  readonly fluctuations?: { readonly betas: ArrayLike<number>; readonly variances: ArrayLike<number> };
}

/** How temperatures are chosen: from a pilot, or by a formula. */
export type ScheduleRule = (increments: number) => ArrayLike<number>;

/**
 * "linear", "sigmoid" (radius 4), "sigmoid:8", "power:3"; undefined for "adaptive".
 * @throws UserError
 */
export function scheduleRule(text: string): ScheduleRule | undefined {
  if (text === "adaptive") return undefined;
  if (text === "linear") return linearSchedule;
  const [name, parameter] = text.split(":");
  const value = parameter === undefined ? (name === "sigmoid" ? 4 : 2) : Number(parameter);
  if (!(value > 0 && value <= 1000) || (name !== "sigmoid" && name !== "power"))
    throw new UserError(`--schedule ${text} is neither adaptive, linear, sigmoid:RADIUS, power:EXPONENT nor a file that another run wrote`);
  return name === "sigmoid" ? (T) => sigmoidSchedule(T, value) : (T) => powerSchedule(T, value);
}

const format = z.object({
  betas: z.array(z.number()).min(2),
  stepSizes: z.array(z.number().positive()),
  leapfrogs: z.int().min(1),
  route: z.enum(["prior", "proposal"]),
  use: z.string().optional(),
  length: z.number().optional(),
  fluctuations: z.object({ betas: z.array(z.number()), variances: z.array(z.number()) }).optional(),
});

/** The text of schedule.json. */
export const writeFrozen = ({ betas, stepSizes, leapfrogs, route, use, length, fluctuations }: Frozen): string =>
  `${JSON.stringify({
    ...{ leapfrogs, route, use, length, betas: Array.from(betas), stepSizes: Array.from(stepSizes) },
    ...(fluctuations && { fluctuations: { betas: Array.from(fluctuations.betas), variances: Array.from(fluctuations.variances) } }),
  })}\n`;

/** @throws UserError  naming the file and what is wrong in it */
export function readFrozen(text: string, path: string): Frozen {
  const advice = "give a schedule.json that `pushforward information bounds` wrote";
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UserError(`${path}: not a JSON file`, advice);
  }
  const { success, data, error } = format.safeParse(parsed);
  if (!success) throw new UserError(`${path}: ${error.issues[0].path.join(".")}: ${error.issues[0].message}`, advice);
  const { betas, stepSizes } = data;
  const last = betas.length - 1;
  if (betas[0] !== 0 || betas[last] !== 1 || betas.some((b, t) => t > 0 && !(b > betas[t - 1])))
    throw new UserError(`${path}: betas do not rise from 0 to 1`, advice);
  if (stepSizes.length !== last) throw new UserError(`${path}: ${stepSizes.length} step sizes for ${last} temperatures`, advice);
  return data;
}
