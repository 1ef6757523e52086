/** Velocities that cost nothing: formulas, or measured at the particles. */

import { UserError } from "../../errors.ts";
import { concat, type Tensor } from "../../tensor/index.ts";
import type { VectorField } from "../lagrangian/lagrangian.ts";
import { stacked } from "../paths/cloud.ts";
import { innerTime, whitenVelocities } from "../paths/units.ts";
import { assignments, formulaOf, requireFinite, userValues } from "./formulas.ts";
import { fittedScale, kernelVelocity } from "./kernels.ts";
import type { ForceSetting } from "./setting.ts";

/** As text. */
export interface DriftOptions {
  /** A formula a feature. */
  readonly drift?: string;
  /** Columns of measured velocities, and their factor: a number, or "fit". */
  readonly velocity?: string;
  readonly velocityScale?: string;
}

/** The field that costs nothing, and the factor of measured velocities. */
interface Drift {
  readonly drift?: VectorField;
  readonly velocityScale?: number;
}

/**
 * @param notes  grows by what the user should know
 * @throws UserError  for options that do not fit each other or the data
 */
export async function driftOf(options: DriftOptions, setting: ForceSetting, notes: string[]): Promise<Drift> {
  const { drift, velocity, velocityScale } = options;
  if (drift !== undefined && velocity !== undefined)
    throw new UserError("give --drift or --velocity, not both: both are the velocity that costs nothing");
  if (velocityScale !== undefined && velocity === undefined) throw new UserError("--velocity-scale needs --velocity");
  if (velocity !== undefined) return measuredDrift(velocityScale ?? "1", setting, notes);
  return drift === undefined ? {} : { drift: await formulaDrift(drift, setting) };
}

/** One formula a feature, `x=-y; y=x`, in features a unit of the user's time; features that are not named stay. */
async function formulaDrift(text: string, setting: ForceSetting): Promise<VectorField> {
  const { data, units } = setting;
  const texts = assignments("--drift", text, ";", data.features);
  if (texts.size === 0) throw new UserError("--drift is empty", 'give a formula for each feature that moves, such as "x=-y; y=x"');
  const names = [...data.features, "t"];
  const parsed = new Map([...texts].map(([name, f]) => [name, formulaOf(`--drift, ${name}`, f, names)]));
  const field: VectorField = (t, x) => {
    const values = userValues(setting, t, x);
    const columns = data.features.map((name, j) =>
      parsed
        .get(name)?.(values)
        .mul(units.interval / units.deviation[j]),
    );
    return columnsOf(columns, x);
  };
  await requireFinite("--drift", setting, (t, x) => field(t, x).sum(1));
  return field;
}

const columnsOf = (columns: readonly (Tensor | undefined)[], x: Tensor): Tensor => {
  // one column after the other; what is missing is zero
  const zero = x.slice(null, [0, 1]).mul(0);
  return concat(
    columns.map((c) => c ?? zero),
    1,
  );
};

/** A kernel regression of the velocities measured at the training particles. */
async function measuredDrift(scale: string, { data, units, clouds, train, rng }: ForceSetting, notes: string[]): Promise<Drift> {
  const { velocities } = data;
  if (!velocities) throw new UserError("--velocity: the data have no velocities");
  const points = stacked(train.map((k) => clouds[k].points));
  const inner = stacked(train.map((k) => whitenVelocities(units, velocities[k])));
  if (inner.data.every((v) => v === 0)) throw new UserError("--velocity: all velocities are zero");
  const { field, width, explained } = await kernelVelocity(points, inner, rng);
  notes.push(
    `velocities: kernels of width ${width.toFixed(2)} standard deviations predict a left-out one with R² ` +
      `${explained.toFixed(2)}${explained < 0.05 ? ": neighbours hardly agree, so this drift is close to one constant or to noise" : ""}`,
  );
  const factor = scale.trim() === "fit" ? await fitted() : Number(scale || Number.NaN);
  if (!Number.isFinite(factor) || factor === 0) throw new UserError(`--velocity-scale "${scale}": expected a number or fit`);
  return { drift: factor === 1 ? field : (t, x) => field(t, x).mul(factor), velocityScale: factor };

  async function fitted(): Promise<number> {
    const { scale: best, cosine } = await fittedScale(
      field,
      train.map((k) => innerTime(units, data.times[k])),
      train.map((k) => clouds[k]),
    );
    if (!(best > 0))
      throw new UserError(
        `--velocity-scale fit: the velocities point against the motion of the means (cosine ${cosine.toFixed(2)})`,
        "check their order, sign and units, or give a number",
      );
    notes.push(
      `velocities: scaled by ${best.toPrecision(3)}, which fits the motion of the means of the training snapshots best (cosine ` +
        `${cosine.toFixed(2)})`,
    );
    return best;
  }
}
