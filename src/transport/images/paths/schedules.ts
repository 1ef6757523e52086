/**
 * Paths of densities between pictures and what they are made from: x_t between a picture x and a start z, which is noise or a spoilt
 * picture. Pictures are [B, C, H, W] with values in [-1, 1], times [B, 1, 1, 1]. Velocities are derivatives in t of the same programs.
 */

import * as t from "../../../tensor/index.ts";
import { cos, erf, exp, expm1, floor, sin, sqrt, type Tensor } from "../../../tensor/index.ts";
import { blurred, blurredPrior } from "./blur.ts";

/** A path in time. */
export interface Schedule {
  readonly title: string;
  /** Times of pictures and of starts; the first as near to the picture as velocities stay finite. */
  readonly clean: number;
  readonly spoilt: number;
  /** x_t. */
  readonly at: (time: Tensor, x: Tensor, z: Tensor) => Tensor;
  /** w(t) of the loss, of any shape; absent: 1. */
  readonly weight?: (time: Tensor) => Tensor;
  /** The coefficients of x_t = a(t) x + b(t) z, for paths of this form. */
  readonly mix?: Mix;
  /** What picture and start have in common stays as it is: a + b = 1. */
  readonly still?: true;
  /** Velocities grow without bound towards the picture: equal steps are too long there. */
  readonly stiff?: true;
  /** What the network sees of x_t, where values are places on circles: more channels, periodic. */
  readonly embed?: (x: Tensor) => Tensor;
  /** The value of x_t as a picture. */
  readonly decode?: (x: Tensor) => Tensor;
  /** Starts from normal noise z where noise alone is none, for some paths with the help of some pictures. */
  readonly prior?: (z: Tensor, pictures?: Tensor) => Tensor;
  /** Starts are fitted to pictures. */
  readonly fitted?: true;
}

/** Coefficients of a mean and a standard deviation: x_t = a x + b z. */
export interface Mix {
  readonly a: (time: Tensor) => Tensor;
  readonly b: (time: Tensor) => Tensor;
}

type Mixed = Omit<Schedule, "at" | "mix"> & Mix;

const mixed = ({ a, b, ...rest }: Mixed): Schedule => ({
  ...rest,
  mix: { a, b },
  at: (time, x, z) => x.mul(a(time)).add(z.mul(b(time))),
});

const rest = (time: Tensor): Tensor => time.neg().add(1);

/** Rates of noise at both ends. Ho, Jain & Abbeel, NeurIPS 2020; Song et al., ICLR 2021, appendix C. */
const [slowest, fastest] = [0.1, 20];

/** log α = -β₀ t / 2 - (β₁ - β₀) t² / 4. */
const logAlpha = (time: Tensor): Tensor => time.mul(-slowest / 2).sub(time.square().mul((fastest - slowest) / 4));

/** 1 - α², without cancellation at the clean end. */
const lost = (time: Tensor): Tensor => expm1(logAlpha(time).mul(2)).neg();

/** Clean ends of paths whose velocities grow without bound there. */
const nearlyClean = 1e-4;

/** Of the normal noise of the torus, in turns: so wide that the last density is uniform to 1.5 %: 2 exp(-2π² / 4). */
const turn = 0.5;

/**
 * The paths by name.
 *
 *   flow      t x + (1 - t) z                          w = 1 - t (generation and between) or 1 (restoration)
 *   vp        α x + √(1 - α²) z                        w = (1 - α²)^2.5
 *   sub-vp    α² x + (1 - α²) z                        w = (1 - α²)³
 *   simple    √(1 - t) x + √t z                        w = t^2.5 (1 - t)
 *   dimple    (1 - t) x + t z                          w = t³
 *   torus     x/4 + 1/2 + t z / 2, modulo 1            the network sees sines and cosines
 *   blur      the heat equation on x, and t z          w = 1
 *
 * @source  Neklyudov et al., Action Matching, ICML 2023, appendix on generative modelling, and its published code for the weights; Song et al., ICLR
 *          2021, eqs. 11 (VP), 13 (sub-VP, whose standard deviation is 1 - α²); Rissanen, Heinonen & Solin, ICLR 2023 (heat)
 */
export const schedules = {
  flow: mixed({ title: "straight lines", still: true, clean: 1, spoilt: 0, a: (time) => time, b: rest }),
  vp: mixed({
    ...{ title: "variance preserving", stiff: true, clean: nearlyClean, spoilt: 1 },
    ...{ a: (time) => exp(logAlpha(time)), b: (time) => sqrt(lost(time)), weight: (time) => lost(time).pow(2.5) },
  }),
  "sub-vp": mixed({
    ...{ title: "below the variance-preserving one", still: true, clean: nearlyClean, spoilt: 1 },
    ...{ a: (time) => exp(logAlpha(time).mul(2)), b: lost, weight: (time) => lost(time).pow(3) },
  }),
  simple: mixed({
    ...{ title: "roots of the time", stiff: true, clean: nearlyClean, spoilt: 1 - nearlyClean },
    ...{ a: (time) => sqrt(rest(time)), b: (time) => sqrt(time), weight: (time) => time.pow(2.5).mul(rest(time)) },
  }),
  dimple: mixed({
    title: "straight lines, the clean end discounted",
    still: true,
    clean: 0,
    spoilt: 1,
    a: rest,
    b: (time) => time,
    weight: (time) => time.pow(3),
  }),
  torus: {
    ...{ title: "noise on circles", clean: 0, spoilt: 1 },
    at: (time, x, z) => x.mul(0.25).add(0.5).add(z.mul(time).mul(turn)),
    embed: (x) => t.concat([sin(x.mul(2 * Math.PI)), cos(x.mul(2 * Math.PI))], 1),
    decode: (x) => x.sub(floor(x)).sub(0.5).mul(4),
    prior: (z) => erf(z.mul(Math.SQRT1_2)).add(1).mul(0.5), // the normal distribution function: uniform
  },
  blur: {
    title: "heat and noise",
    clean: 0,
    spoilt: 1,
    at: (time, x, z) => blurred(x, time).add(z.mul(time)),
    prior: blurredPrior,
    fitted: true,
  },
} as const satisfies Record<string, Schedule>;

/** The name of a path. */
export type ScheduleName = keyof typeof schedules;
/** All names. */
export const scheduleNames = Object.keys(schedules) as ScheduleName[];

/** The path of a name. */
export const scheduleOf = (name: ScheduleName): Schedule => schedules[name];
