/** Most numbers of noise that are drawn at a time: 64 MB. */
const most = 2 ** 24;

/** Steps that take so many random numbers each, in pieces whose noise has room: of at least one step, the last of no more than the others. */
export function noisePieces(steps: number, each: number): { readonly first: number; readonly steps: number }[] {
  const together = Math.max(1, Math.floor(most / each));
  return Array.from({ length: Math.ceil(steps / together) }, (_, k) => ({
    first: k * together,
    steps: Math.min(together, steps - k * together),
  }));
}
