/** Results as columns and matrices of an AnnData file. */

import { type NdArray, ndarray } from "../../array/index.ts";
import type { Additions } from "../../data/h5ad.ts";
import { type Population, velocityName } from "../../data/population.ts";
import { uniqueNames } from "../../data/table.ts";
import type { Fates } from "./fates.ts";
import type { Fields } from "./fields.ts";

/**
 * Velocity, growth, action, log density and fates of every particle, at its row of the file; NaN for rows that were left out.
 *
 * @param n   rows of the file
 * @param of  row of each particle, a list a snapshot
 */
export function annotations(
  data: Pick<Population, "features">,
  n: number,
  of: readonly (readonly number[])[],
  fields: readonly Fields[],
  fates: Fates | undefined,
  density?: readonly Float64Array[],
): Additions {
  const d = data.features.length;
  const spread = (width: number, value: (k: number, i: number, j: number) => number): Float32Array<ArrayBuffer> => {
    const result = new Float32Array(n * width).fill(Number.NaN);
    of.forEach((rows, k) =>
      rows.forEach((row, i) => {
        for (let j = 0; j < width; j++) result[row * width + j] = value(k, i, j);
      }),
    );
    return result;
  };
  const matrix = (width: number, value: (k: number, i: number, j: number) => number): NdArray<"f32"> =>
    ndarray(spread(width, value), [n, width], "f32");
  const fateNames = fates && uniqueNames(fates.names.map((name) => `pushforward_fate_${name.replaceAll("/", "_")}`));
  return {
    obs: {
      ...(fields[0].growth && { pushforward_growth_rate: Float64Array.from(spread(1, (k, i) => fields[k].growth![i])) }),
      ...(fields[0].action && { pushforward_action: Float64Array.from(spread(1, (k, i) => fields[k].action![i])) }),
      ...(density && { pushforward_log_density: Float64Array.from(spread(1, (k, i) => density[k][i])) }),
      ...(fates &&
        Object.fromEntries(
          fateNames!.map((name, j) => [name, Float64Array.from(spread(1, (k, i) => fates.perSnapshot[k][i * fates.names.length + j]))]),
        )),
    },
    obsm: { [velocityName]: matrix(d, (k, i, j) => fields[k].velocity.data[i * d + j]) },
  };
}
