/** `pushforward information representation`: what the codes of an encoder know of their data. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type NdArray, ndarray, toNumbers } from "../../array/index.ts";
import { builtInImages, readMatrix } from "../../data/index.ts";
import { UserError } from "../../errors.ts";
import { boundsFigure } from "../../information/figures/bounds.ts";
import {
  bits,
  boundLines,
  boundsTable,
  checkEncoder,
  codeEncoder,
  type Encoder,
  encodeRows,
  floats,
  represent,
  representationBounds,
} from "../../information/index.ts";
import { experiment } from "../../lab/index.ts";
import { formatNumber } from "../../numbers.ts";
import { readOnnx } from "../../onnx/read.ts";
import { gatherRows } from "../../sampling/index.ts";
import { representationOptions } from "./options.ts";

interface Problem {
  readonly encoder: Encoder;
  readonly x: NdArray;
}

export const representation = experiment({
  name: "information representation",
  summary: "the information between data and the codes of a known encoder",
  examples: [
    "pushforward information representation encoder.onnx --data mnist",
    "pushforward information representation encoder.onnx --x features.npy --variance 0.1",
  ],
  notes: "The data stand for their law. The lower bound cannot exceed log N for N rows; more rows lift it.",
  input: { name: "[encoder.onnx]", description: "the encoder, as --encoder" },
  options: representationOptions,
  metrics: { rows: [], results: ["interval.*", "intervalBits.*", "cap", "rows", "bounds.*.mean", "bounds.*.se"] },

  async load(input, { encoder, x, data }) {
    const path = encoder ?? input;
    if (path === undefined || (encoder && input))
      throw new UserError("give one encoder", "pushforward information representation encoder.onnx --data mnist");
    if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
    if ((x === undefined) === (data === undefined)) throw new UserError("give the data with --x, or a built-in set of images with --data");
    const model = readOnnx(await readFile(path), path);
    const source = {
      name: `${basename(path)}-${data ?? basename(x!)}`,
      title: `${basename(path)} on ${data ?? basename(x!)}`,
      source: path,
    };
    if (x === undefined) return { model, path, source, all: (await builtInImages(data!)).inputs, scale: 255 }; // one of both is given
    const { data: numbers, shape } = await readMatrix(x);
    return { model, path, source, all: ndarray(numbers as Float64Array<ArrayBuffer>, shape, "f64"), scale: 1 };
  },

  async prepare({ model, path, source, all, scale }, { rows, variance, quick }, { rng }) {
    const N = all.shape[0] ?? 0;
    const count = Math.min(N, quick ? Math.min(rows, 200) : rows);
    if (count < 20) throw new UserError(`${source.title}: ${N} rows are too few to stand for a law`, "give 20 at least");
    const chosen = gatherRows<NdArray>(all, rng.fold("rows").permutation(N).data.subarray(0, count));
    const D = chosen.data.length / count;
    const x = floats(
      Float64Array.from(toNumbers(chosen), (v) => v / scale),
      [count, D],
      "f32",
    );
    const encoder = codeEncoder(model, basename(path), D, variance);
    await checkEncoder(encoder, gatherRows<NdArray>(x, [...Array(20).keys()]));
    return {
      problem: { encoder, x } satisfies Problem,
      source,
      label: "densities of codes",
      folder: `representation-${source.name}`,
      steps: count,
      config: { rows: count },
      warnings: count < N ? [`${count} of ${N} rows are used (--rows)`] : [],
    };
  },

  async work({ encoder, x }: Problem, { rng, progress }) {
    const N = x.shape[0];
    const line = progress("densities of codes", N);
    const encoded = await encodeRows(encoder, x);
    const found = await represent(encoded, rng.fold("codes"), (row) => line.update(row, {}));
    line.finish();
    const bounds = representationBounds(found);
    const [lower, upper] = bounds;
    const cap = Math.log(N);
    const sentence = `I(X;Z) is between ${formatNumber(lower.mean)} and ${formatNumber(upper.mean)} nats (${formatNumber(bits(lower.mean))} to ${formatNumber(bits(upper.mean))} bits)`;
    return {
      ...{ bounds, lower, upper, cap, found },
      title: `Representation by ${encoder.name}`,
      summary: `${sentence}. ${N} rows stand for the law of the data.`,
      numbers: [
        { name: "lower bound", value: lower.mean, error: lower.se, note: "nats" },
        { name: "upper bound", value: upper.mean, error: upper.se, note: `nats, ${upper.name}` },
        { name: "log N", value: cap, note: "cap of the lower bound" },
      ],
      tables: [boundsTable(bounds)],
      warnings: [
        ...(lower.mean > cap - 0.1
          ? [`the lower bound is within 0.1 of its cap log N = ${formatNumber(cap)}: more --rows would lift it`]
          : []),
        ...(lower.mean - upper.mean > 4 * Math.hypot(lower.se, upper.se)
          ? ["the bounds cross: rows are not independent draws of one law (duplicates?)"]
          : []),
      ],
      results: {
        unit: "nats",
        interval: [lower.mean, upper.mean],
        intervalBits: [bits(lower.mean), bits(upper.mean)],
        bounds,
        cap,
        rows: N,
      },
      text: (took: string) => [sentence, ...boundLines(bounds), `${N} rows, in ${took}`],
    };
  },

  figures: ({ bounds, lower, upper, cap }) => [boundsFigure(bounds, [lower.mean, upper.mean], [{ name: "log N", value: cap }])],
  files: ({ found }) => [
    {
      name: "rows.csv",
      columns: [
        { name: "log_p_own", values: found.own },
        { name: "log_p_mixture", values: found.mixture },
        { name: "log_p_others", values: found.others },
      ],
    },
  ],
});
