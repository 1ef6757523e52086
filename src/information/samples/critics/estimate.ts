/** A family of estimators on pairs: split, train, read on held-out pairs; the same on shuffled pairs. */
import { item, type NdArray, type Random } from "../../../array/index.ts";
import { jit, type Tensor } from "../../../tensor/index.ts";
import { shuffled } from "../permutation.ts";
import { features, type Side } from "../side.ts";
import type { Family, Reading } from "./families.ts";
import { type Statistic, withJackknife } from "./statistics.ts";
import { type Budget, type Networks, type Rows, rowsOf, train } from "./train.ts";

/** A reading on held-out pairs. */
export interface Read {
  readonly reading: Reading;
  readonly mean: number;
  /** By the jackknife over held-out pairs. */
  readonly se: number;
  /** The largest share of one combination in a mean of exponentials. */
  readonly share: number;
  /** The same on the validation rows, by which one bound is chosen before the held-out pairs are looked at. */
  readonly validated: number;
  /** `share` on the validation rows. */
  readonly validatedShare: number;
  /** The same after training and reading on shuffled pairs. */
  readonly baseline: { readonly mean: number; readonly se: number };
  /** Held-out pairs. */
  readonly pairs: number;
}

/** Most held-out pairs: the matrix of their scores has the square of it. */
const mostHeldOut = 2000;

/** Row numbers for training, validation (15 %) and evaluation (25 %); the same for all families. */
export function split(n: number, rng: Random): { training: Int32Array; validation: Int32Array; heldOut: Int32Array } {
  const order = rng.permutation(n).data;
  const test = Math.min(mostHeldOut, Math.floor(n / 4));
  const validation = Math.min(mostHeldOut / 2, Math.floor((3 * n) / 20));
  return {
    heldOut: order.slice(0, test),
    validation: order.slice(test, test + validation),
    training: order.slice(test + validation),
  };
}

/** Fewest pairs for which a critic makes sense: 10 held out, 6 for validation. */
export const leastPairs = 40;

/**
 * @param step  called after each of the 2 · steps steps; true stops
 */
export async function readFamily(
  family: Family,
  wanted: readonly string[],
  [x, z]: readonly [Side, Side],
  budget: Budget,
  rng: Random,
  step: () => boolean,
): Promise<Read[]> {
  const parts = split(x.rows, rng.fold("split"));
  const readings = family.readings.filter(({ method }) => wanted.includes(method));
  const programs = compile(family, readings);
  const on = (side: Side) =>
    trainAndRead(family, programs, { x: features(x), z: features(side) }, parts, budget, rng.fold(family.name), step);
  const found = await on(z);
  const null_ = await on(shuffled(z, rng.fold("shuffle")));
  return readings.map((reading, r) => ({
    reading,
    ...found.heldOut[r],
    validated: found.validation[r].mean,
    validatedShare: found.validation[r].share,
    baseline: { mean: null_.heldOut[r].mean, se: null_.heldOut[r].se },
    pairs: parts.heldOut.length,
  }));
}

type Programs = ReturnType<typeof compile>;

function compile(family: Family, readings: readonly Reading[]) {
  const scores = (params: Networks, x: Tensor, z: Tensor) => {
    const { S, u } = family.scores(params, x, z);
    return { S: S.cast("f64"), u: u.cast("f64") };
  };
  return {
    validate: jit((params: Networks, x: Tensor, z: Tensor) => {
      const { S, u } = scores(params, x, z);
      return family.validate(S, u);
    }),
    read: jit((params: Networks, x: Tensor, z: Tensor): Statistic[] => {
      const { S, u } = scores(params, x, z);
      return readings.map(({ statistic }) => statistic(S, u));
    }),
  };
}

async function trainAndRead(
  family: Family,
  { validate, read }: Programs,
  all: Rows,
  parts: ReturnType<typeof split>,
  budget: Budget,
  rng: Random,
  step: () => boolean,
) {
  const sizes = { x: all.x.shape[1], z: all.z.shape[1], width: budget.width };
  const [training, validation, heldOut] = [parts.training, parts.validation, parts.heldOut].map((rows) => rowsOf(all, rows));
  const value = async (params: Networks<NdArray>, rows: Rows) => item(await validate(params, rows.x, rows.z));
  const { params } = await train(
    family.init(rng.fold("networks"), sizes),
    family.objective,
    value,
    { training, validation },
    budget,
    rng.fold("batches"),
    step,
  );
  const on = async (rows: Rows) => (await read(params, rows.x, rows.z)).map(withJackknife);
  return { validation: await on(validation), heldOut: await on(heldOut) };
}
