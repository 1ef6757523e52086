/** Work on many files, some at a time. */

/** Files in memory at a time: enough that reading and unpacking overlap, few enough that large pictures fit. */
const atOnce = 6;

/** Calls f for every item, a few at a time; results are in the order of the items, whatever finishes first. */
export async function each<T, R>(items: readonly T[], f: (item: T, i: number) => Promise<R>, after?: () => void): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      results[i] = await f(items[i], i);
      after?.();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
