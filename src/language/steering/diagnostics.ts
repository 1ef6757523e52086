/** What should be said before any number is believed. */
import { kishSize, paretoShape } from "../../sampling/index.ts";
import type { RunBounds } from "./bounds.ts";
import { sandwichOf } from "./bounds.ts";

/** Width of the interval in nats: below the first the sampler is good, above the second its samples are no draws of the target. */
export const widths = { good: 0.1, usable: 1 } as const;

/** Above it the mean of the weights has no finite variance that their number shows. Vehtari et al., JMLR 25 (2024). */
const heavyTail = 0.7;

/** Where more than this share of the texts counts, no tail decides the mean, whatever its shape. */
const decisive = 0.5;

/** Effective particles below which a step has collapsed, and how many such steps are told. */
const [collapsed, several] = [1.5, 3];

/** Fewer descendants of the first step than this share of the particles: what the texts begin with is decided by a few. */
const fewAncestors = 0.05;

export interface Evidence {
  readonly bounds: RunBounds;
  /** log weights of texts of q. */
  readonly weights?: Float64Array;
  readonly resamples: boolean;
  readonly proposalOnly?: boolean;
}

/** A sampler that writes what must not be is infinitely far from the target in that direction. */
export const infinite = (outside: number, texts: number): string =>
  `${outside} of ${texts} texts of q have φ = 0: KL(q ‖ target) is infinite`;

/** Cautions, the gravest first. */
export function steeringCautions({ bounds, weights, resamples, proposalOnly }: Evidence): string[] {
  const { lower, upper } = sandwichOf(bounds);
  const cautions: string[] = [];
  const runs = bounds.lower.length;
  const [least] = [bounds.leastSize.reduce((a, b) => a + b, 0) / runs];
  if (bounds.dead > 0)
    cautions.push(
      `in ${bounds.dead} of ${runs} runs no particle reached the support of the potential: log Ẑ = -∞ there; more --particles, a twist, or --floor 1e-16`,
    );
  if (upper && upper.mean - lower.mean > widths.usable)
    cautions.push(
      `the bounds are ${(upper.mean - lower.mean).toFixed(2)} nats apart (above ${widths.usable}): the sampler is far from the target; more --particles, or a learned twist`,
    );
  const outside = weights?.reduce((sum, log) => sum + (log === Number.NEGATIVE_INFINITY ? 1 : 0), 0) ?? 0;
  if (outside > 0) cautions.push(infinite(outside, weights!.length));
  if (resamples && proposalOnly)
    cautions.push(
      "the twist was learned as a proposal: it is right up to a factor of every prefix, and resampling by it can make bounds worse; --resample never",
    );
  if (resamples && bounds.particles >= 16 && bounds.ancestors < Math.max(1.5, fewAncestors * bounds.particles))
    cautions.push(
      `the last particles of a run descend from ${bounds.ancestors.toFixed(1)} of ${bounds.particles} first tokens: more --particles, or resampling less often`,
    );
  const lost = bounds.sizes.filter((size) => size * bounds.particles < collapsed).length;
  if (resamples && bounds.particles >= 16 && lost >= several)
    cautions.push(
      `at ${lost} of ${bounds.sizes.length} steps one particle has nearly all weight: more --particles, another --resample, or a longer training of the twist`,
    );
  if (!resamples && bounds.particles >= 16 && least < 2 / bounds.particles)
    cautions.push(`one particle has nearly all weight (effective size ${(least * bounds.particles).toFixed(1)} of ${bounds.particles})`);
  const shape = weights && weights.length >= 100 && weights.some(Number.isFinite) ? paretoShape(weights) : undefined;
  const share = weights ? kishSize(weights) / weights.length : 1;
  if (shape !== undefined && shape > heavyTail && share < decisive)
    cautions.push(
      `the weights of texts of q have a heavy tail (Pareto k̂ ${shape.toFixed(2)}, above ${heavyTail}): rare texts decide log Z`,
    );
  return cautions;
}

export interface LearningEvidence {
  readonly steps: number;
  /** Steps that were skipped because no text had anything of what is wanted. */
  readonly starved: number;
  /** Whether learning has left the ground: the largest |log ψ| of a token then, and the largest |log φ| of texts. */
  readonly diverged?: { readonly steepest: number; readonly largest: number };
}

/** Skipped steps that are told, however many others there were. */
const manyStarved = 20;

/** What a training should be warned of. */
export function learningCautions({ steps, starved, diverged }: LearningEvidence): string[] {
  return [
    ...(starved === steps
      ? [
          `no text of any of the ${steps} steps had anything of what is wanted: nothing was learned; exact draws (--positives exact), or a softer score first (--slope)`,
        ]
      : starved > Math.min(steps / 2, manyStarved)
        ? [`${starved} of ${steps} steps were skipped, for no text had anything of what is wanted: more --texts, or --positives exact`]
        : []),
    ...(diverged
      ? [
          `|log ψ| reached ${diverged.steepest.toFixed(0)} after ${steps} update${steps === 1 ? "" : "s"}, where |log φ| of texts was at most ${diverged.largest.toFixed(0)}: learning had left the ground and ended there, and the twist is that of the update before; lower --lr`,
        ]
      : []),
  ];
}
