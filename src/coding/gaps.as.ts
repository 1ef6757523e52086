/**
 * Gap coding with reference rows and mixed contexts: the integer kernel (AssemblyScript, compiled to WebAssembly). The model and its
 * source are told in `gaps-reference.ts` and `mixing.ts`, which give the same bytes; names here follow theirs.
 *
 * The host calls `open`, fills rows (encoder) or blocks (decoder), then `run` until all rows are done, then `finish`.
 */

export { allocate } from "./rec/memory.as";
export {
  open,
  rowStarts,
  rowEntries,
  rowCounts,
  blockRecords,
  blocksWritten,
  idealLength,
  startAt,
  run,
  finish,
} from "./gaps/rows.as";
