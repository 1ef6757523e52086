/** Byte-pair merging in the order of scores. */

/** Two neighbours that may be joined. */
interface Candidate {
  readonly left: number;
  readonly right: number;
  /** The tokens that they were when this was noted. */
  readonly of: readonly [number, number];
  readonly token: number;
  readonly score: number;
}

/** Better first: the higher score, then the place further left. */
const before = (a: Candidate, b: Candidate): boolean => a.score > b.score || (a.score === b.score && a.left < b.left);

/**
 * Joins the neighbours of the best score, again and again, until none can be joined. O(n log n) in the number of tokens.
 *
 * @param tokens  where it starts
 * @param union   the token that two neighbours make, and how good that is
 */
export function mergePairs(
  tokens: readonly number[],
  union: (left: number, right: number) => { token: number; score: number } | undefined,
): number[] {
  const at = [...tokens];
  const next = at.map((_, i) => i + 1);
  const previous = at.map((_, i) => i - 1);
  const gone = new Uint8Array(at.length);
  const heap: Candidate[] = [];
  const note = (left: number, right: number): void => {
    if (left < 0 || right >= at.length) return;
    const joined = union(at[left], at[right]);
    if (joined) push(heap, { left, right, of: [at[left], at[right]], ...joined });
  };
  for (let i = 0; i + 1 < at.length; i++) note(i, i + 1);
  for (let best = pop(heap); best; best = pop(heap)) {
    const { left, right, of, token } = best;
    if (gone[left] || gone[right] || next[left] !== right || at[left] !== of[0] || at[right] !== of[1]) continue;
    at[left] = token;
    gone[right] = 1;
    next[left] = next[right];
    if (next[right] < at.length) previous[next[right]] = left;
    note(previous[left], left);
    note(left, next[left]);
  }
  return at.filter((_, i) => !gone[i]);
}

function push(heap: Candidate[], x: Candidate): void {
  let i = heap.push(x) - 1;
  for (let up = (i - 1) >> 1; i > 0 && before(x, heap[up]); i = up, up = (i - 1) >> 1) heap[i] = heap[up];
  heap[i] = x;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const top = heap[0];
  const x = heap.pop();
  if (x === undefined || heap.length === 0) return top;
  let i = 0;
  for (let down = 1; down < heap.length; down = 2 * i + 1) {
    if (down + 1 < heap.length && before(heap[down + 1], heap[down])) down++;
    if (!before(heap[down], x)) break;
    heap[i] = heap[down];
    i = down;
  }
  heap[i] = x;
  return top;
}
