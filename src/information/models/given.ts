/** Pairs that somebody gives: whether they can be draws of the joint model at all. */
import { sizeOf, toNumbers } from "../../array/index.ts";
import type { Matrix } from "../../data/matrix.ts";
import { UserError } from "../../errors.ts";
import { formatNumber } from "../../numbers.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { floats, inBlocks, type Joint, type JointPairs, rowsOf } from "./joint.ts";

/** Standard errors: draws of the model fail a test at this by chance once in a million, however few they are. */
const limit = 5;

/** Rows of data for a joint model. @throws UserError  for shapes that do not fit, and values that p(x|z) excludes */
export function givenRows(joint: Joint, matrix: Matrix, what: "x" | "z"): JointPairs["x"] {
  const size = what === "x" ? sizeOf(joint.observed) : joint.latent;
  const [rows, ...tail] = matrix.shape;
  if (sizeOf(tail) !== size)
    throw new UserError(`${matrix.source}: rows of ${sizeOf(tail)} numbers, and ${joint.name} has ${size} for ${what}`);
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
  const program = jit((z: Tensor, seen: Tensor) => joint.likelihood.standardSquares(joint.decode(z), seen).mean(1));
  const energies: number[] = [];
  await inBlocks(u.shape[0], 1024, async (from, to) => {
    energies.push(...toNumbers(await program(rowsOf(u, from, to), rowsOf(x, from, to))));
  });
  const energy = meanOf(energies);
  const noise = score(energy, degrees(joint, energies));
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

/** Degrees of freedom k of the χ²/k that has the variance 2/k of the mean energy of n rows, for draws of the model. */
function degrees({ likelihood, observed }: Joint, energies: readonly number[]): number {
  const [n, D] = [energies.length, sizeOf(observed)];
  if (likelihood.name === "gaussian") return n * D;
  // of (x - μ)² / 2b² the variance is 5
  if (likelihood.name === "laplace") return (n * D * 2) / 5;
  const mean = meanOf(energies);
  const variance = energies.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, n - 1);
  return n / Math.max(variance / 2, 1 / D);
}

/**
 * How many standard errors a mean of squares is from 1, if it is χ²/k: its cube root is nearly normal, far in the tails and for k of one row.
 *
 * @source  Wilson & Hilferty, PNAS 17 (1931)
 */
const score = (mean: number, k: number): number => (Math.cbrt(mean) - 1 + 2 / (9 * k)) / Math.sqrt(2 / (9 * k));
