/** Pairs that somebody gives: whether they can be draws of the joint model at all. */
import { sizeOf, toNumbers } from "../../array/index.ts";
import type { Matrix } from "../../data/matrix.ts";
import { UserError } from "../../errors.ts";
import { formatNumber } from "../../numbers.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { floats, inBlocks, type Joint, type JointPairs, rowsOf } from "./joint.ts";

/** Standard errors: draws of the model fail a test at this by chance a few times in a million, however few they are. */
const limit = 5;

/** Rows of data for a joint model. @throws UserError  for shapes that do not fit, and values that p(x|z) excludes */
export function givenRows(joint: Joint, matrix: Matrix, what: "x" | "z"): JointPairs["x"] {
  const size = what === "x" ? sizeOf(joint.observed) : joint.latent;
  const [rows, ...tail] = matrix.shape;
  if (sizeOf(tail) !== size)
    throw new UserError(
      `${matrix.source}: rows of ${sizeOf(tail)} numbers, and ${joint.name} has ${size} for ${what}`,
      `one row of --${what} is one ${what === "x" ? "observation" : "latent"}`,
    );
  if (what === "x" && joint.likelihood.name === "bernoulli") {
    const grey = matrix.data.findIndex((v) => v !== 0 && v !== 1);
    if (grey >= 0)
      throw new UserError(
        `${matrix.source}: ${formatNumber(matrix.data[grey])} in row ${Math.floor(grey / size) + 1}: a Bernoulli likelihood is of 0 and 1`,
        "make the pixels binary, or take another --likelihood",
      );
  }
  return floats(matrix.data, [rows, size], joint.dtype);
}

/**
 * Whether pairs can be draws of p(z) p(x|z): the noise's energy and the latents' squares must have the mean and spread that draws have.
 * Real data beside an encoder's samples fail, and then the reverse chains' bound would be none.
 *
 * @throws UserError  with the reason, and what can be had instead
 */
export async function checkDraws(joint: Joint, { u, x }: JointPairs): Promise<void> {
  if (u.shape[0] !== x.shape[0])
    throw new UserError(`${x.shape[0]} rows of x and ${u.shape[0]} of z`, "row b of z is the latent from which row b of x was made");
  const squares = toNumbers(u).map((v) => v * v);
  const latent = meanOf(squares);
  if (Math.abs(score(latent, squares.length)) > limit)
    refuse(joint, `the latents are no draws of the prior (mean square ${formatNumber(latent)}, not 1)`);
  const program = jit((z: Tensor, seen: Tensor) => {
    const output = joint.decode(z);
    return { energy: joint.likelihood.standardSquares(output, seen).mean(1), variance: energyVariance(joint, output) };
  });
  const [energies, variances]: [number[], number[]] = [[], []];
  await inBlocks(u.shape[0], 1024, async (from, to) => {
    const { energy, variance } = await program(rowsOf(u, from, to), rowsOf(x, from, to));
    energies.push(...toNumbers(energy));
    variances.push(...toNumbers(variance));
  });
  const energy = meanOf(energies);
  const noise = score(energy, (2 * energies.length) / Math.max(meanOf(variances), 1e-9));
  if (Math.abs(noise) > limit)
    refuse(
      joint,
      `x is ${formatNumber(energy)} noise variances from what z decodes to, not 1 (${formatNumber(Math.abs(noise))} standard errors; rows out of step?)`,
    );
}

function refuse(joint: Joint, why: string): never {
  throw new UserError(
    `these pairs were not drawn from ${joint.name}: ${why}. For real x no exact posterior draw exists, and an encoder's sample is none: chains that start there give no bound`,
    "leave --z out for lower bounds on log p(x) of real data, or --x and --z for bounds on the model's own information",
  );
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Variance of a row's energy over draws of x: 2/D of Gaussian noise, 5/D of Laplace's, and by its pixels of Bernoulli's. */
function energyVariance({ likelihood }: Joint, output: Tensor): Tensor {
  const p = likelihood.mean(output);
  if (likelihood.name !== "bernoulli")
    return p
      .sum(1)
      .mul(0)
      .add((likelihood.name === "gaussian" ? 2 : 5) / p.shape[1]);
  // (x - p)² is p² or (1 - p)²: of variance pq (1 - 2p)², in units of Σ pq
  const variances = p.mul(p.mul(-1).add(1));
  const sizes = variances.mul(p.mul(-2).add(1).square());
  return sizes.sum(1).div(variances.sum(1).square());
}

/**
 * How many standard errors a mean of squares is from 1, if it is χ²/k, whose variance is 2/k: its cube root is nearly normal, far in the
 * tails and for k of one row.
 *
 * @source  Wilson & Hilferty, PNAS 17 (1931)
 */
const score = (mean: number, k: number): number => (Math.cbrt(mean) - 1 + 2 / (9 * k)) / Math.sqrt(2 / (9 * k));
