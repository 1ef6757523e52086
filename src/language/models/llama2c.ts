/**
 * Checkpoints of llama2.c (version 0): seven i32 (width, hidden, depth, heads, heads of keys and values, vocabulary, context; a negative
 * vocabulary means a head of its own), then f32 weights. Matrices are [out, in]. Nothing in a file is trusted.
 */
import { type NdArray, ndarray } from "../../array/index.ts";
import { FileFormatError } from "../../errors.ts";
import type { CausalParameters, CausalTransformer } from "../../nn/index.ts";

const headerBytes = 28;
const sizeNames = ["width", "hidden width", "depth", "heads", "heads of keys", "vocabulary", "context"];

/**
 * Network and weights of a checkpoint.
 *
 * @throws FileFormatError  if the file does not follow the format, with what its size should be
 * @source  github.com/karpathy/llama2.c, run.c and export.py (legacy_export)
 */
export function readLlama2c(file: Uint8Array): { config: CausalTransformer; params: CausalParameters<NdArray> } {
  const fail = (why: string) => new FileFormatError(`llama2.c checkpoint: ${why}`);
  if (file.length < headerBytes) throw fail(`${file.length} bytes are too few for a header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const said = sizeNames.map((_, i) => view.getInt32(4 * i, true));
  const sizes = said.map((n, i) => (i === 5 ? Math.abs(n) : n));
  const wrong = sizes.findIndex((n) => n < 1);
  if (wrong >= 0) throw fail(`its ${sizeNames[wrong]} is ${sizes[wrong]}`);
  const [width, hidden, depth, heads, keyValueHeads, vocabulary, context] = sizes;
  if (width % heads || (width / heads) % 2) throw fail(`a width of ${width} does not divide among ${heads} heads of an even width`);
  if (heads % keyValueHeads) throw fail(`${heads} heads do not share ${keyValueHeads} heads of keys and values`);
  const tied = said[5] > 0;
  const d = width / heads;
  const narrow = d * keyValueHeads;

  const inBlock = width * (2 + 2 * width + 2 * narrow + 3 * hidden);
  const wanted = headerBytes + 4 * (vocabulary * width * (tied ? 1 : 2) + depth * inBlock + width + context * d);
  if (file.length !== wanted)
    throw fail(
      `its header (${said.join(", ")}) wants ${wanted} bytes, the file has ${file.length}${file.length < wanted ? ": truncated?" : ""}`,
    );

  let at = headerBytes;
  const numbers = (n: number): Float32Array<ArrayBuffer> => {
    const values = new Float32Array(new Uint8Array(file.subarray(at, at + 4 * n)).buffer);
    at += 4 * n;
    const bad = values.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) throw fail(`the number at byte ${at - 4 * n + 4 * bad} is ${values[bad]}`);
    return values;
  };
  const each = <T>(read: () => T): T[] => Array.from({ length: depth }, read);
  const norm = () => ({ scale: ndarray(numbers(width), [width], "f32") });
  const layer = (outputs: number, inputs: number) => ({ w: transposed(numbers(outputs * inputs), outputs, inputs) });

  const table = ndarray(numbers(vocabulary * width), [vocabulary, width], "f32");
  const attentionNorm = each(norm);
  const query = each(() => layer(width, width));
  const key = each(() => layer(narrow, width));
  const value = each(() => layer(narrow, width));
  const out = each(() => layer(width, width));
  const ownNorm = each(norm);
  const gate = each(() => layer(hidden, width));
  const down = each(() => layer(width, hidden));
  const up = each(() => layer(hidden, width));
  const last = norm();
  // cosines and sines of positions, which follow from the sizes
  at += 4 * context * d;
  const head = tied ? undefined : layer(vocabulary, width);
  const blocks = gate.map((_, i) => ({
    attention: { query: query[i], key: key[i], value: value[i], out: out[i] },
    attentionNorm: attentionNorm[i],
    ...{ gate: gate[i], up: up[i], down: down[i] },
    norm: ownNorm[i],
  }));
  return {
    config: { architecture: "llama", vocabulary, context, width, depth, heads, keyValueHeads, hidden, tied, epsilon: 1e-5 },
    params: { symbols: { table }, blocks, norm: last, ...(head && { head }) },
  };
}

/** [rows, columns] as [columns, rows]. */
function transposed(x: Float32Array, rows: number, columns: number): NdArray {
  const y = new Float32Array(x.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) y[c * rows + r] = x[r * columns + c];
  return ndarray(y, [columns, rows], "f32");
}
