/** The range that pictures show: all values, but for a few that lie so far out that they would crush the rest. */

/** Times the span of the middle 98 % that a value may lie beyond it. */
const reach = 2;
/** Below this many values none is an outlier. */
const fewest = 20;

/** Smallest and largest of the values, without the hundredth at either end (at least one value) where it lies far out. */
export function mainRange(values: readonly number[]): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const [first, last] = [sorted[0], sorted[sorted.length - 1]];
  if (sorted.length < fewest) return [first, last];
  const skipped = Math.max(1, Math.floor(sorted.length / 100));
  const [low, high] = [sorted[skipped], sorted[sorted.length - 1 - skipped]];
  if (high === low) return [first, last];
  const bound = reach * (high - low);
  return [sorted.find((v) => v >= low - bound) ?? first, sorted.findLast((v) => v <= high + bound) ?? last];
}
