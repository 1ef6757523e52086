/** Numbers that occur more than once: between them there is no distance. */

/** Share of the rows whose number another row has too. */
export const tiedShare = (values: Float64Array): number => {
  const counts = new Map<number, number>();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  return values.filter((v) => (counts.get(v) ?? 0) > 1).length / values.length;
};

/** Below, ties are the accidents of a few decimals and move no estimate. */
export const mostTies = 0.01;
