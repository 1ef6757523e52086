/** Generators from ONNX files, tried before anything is computed with them. */
import { type NdArray, randomStream, type Shape, sizeOf, toNumbers } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type OnnxModel, steadyOutputs } from "../../onnx/index.ts";
import { sigmoid, type Tensor } from "../../tensor/index.ts";
import type { Prior } from "../prior.ts";
import { rowShape, rowsFunction, trials } from "./rows.ts";

/** What is to be known of a generator besides its file. */
export interface GeneratorFileOptions {
  readonly path: string;
  /** Range of its outputs, which stands for [0, 1] of the data; default: by what it gives for draws of the prior. */
  readonly range?: readonly [number, number];
  /** Whether the outputs are pixels, to be cut to [0, 1]. */
  readonly pixels: boolean;
}

/**
 * A generator of a file, z -> x.
 * @returns  and what was taken for what
 * @throws UserError
 */
export async function generatorPrior(model: OnnxModel, options: GeneratorFileOptions): Promise<{ prior: Prior; notes: string[] }> {
  const { path, pixels } = options;
  const shape = rowShape(model, path, "a generator");
  const latent = sizeOf(shape);
  const plain = rowsFunction(model, shape);
  // decoders with Bernoulli noise give pixels before their sigmoid
  const raw = model.metadata.output === "logits" ? (z: Tensor): Tensor => sigmoid(plain(z)) : plain;
  const trial = randomStream(0).fold("generator").normal([trials, latent]);
  const words = { path, what: "the generator", rows: "codes", one: "a draw of the prior" };
  const outputs = await steadyOutputs(raw, trial, words);
  const { range, note } = rangeOf(outputs, options);
  const declared = model.outputs[0].shape.slice(1).map(Number);
  const output = declared.every((n) => n > 0) && sizeOf(declared) === outputs.shape[1] ? declared : [outputs.shape[1]];
  const generate = (z: Tensor): Tensor => toUnit(raw(z), range);
  return {
    prior: { name: path, latent, layers: 1, output, generate, ...(pixels && { range: [0, 1] as const }) },
    notes: note ? [note] : [],
  };
}

/** From the generator's range to [0, 1]. */
function toUnit(x: Tensor, range: readonly [number, number] | undefined): Tensor {
  if (!range || (range[0] === 0 && range[1] === 1)) return x;
  return x.sub(range[0]).mul(1 / (range[1] - range[0]));
}

/** Outputs of [-1, 1] go far below 0; those of [0, 1] that are not bounded, a little. */
const farBelow = -0.5;
/** Share of the outputs that makes the difference. */
const clearShare = 0.01;

/** [-1, 1] where a hundredth of the outputs is far below 0, else [0, 1]. */
function rangeOf(outputs: NdArray, { path, range, pixels }: GeneratorFileOptions): { range?: readonly [number, number]; note?: string } {
  if (range && !(range[0] < range[1]))
    throw new UserError(`${path}: --generator-range ${range.join()} is empty`, "give the lowest and the highest output: -1,1");
  if (range || !pixels) return { range };
  const values = toNumbers(outputs);
  const lowest = values.reduce((a, b) => Math.min(a, b));
  if (values.filter((v) => v < farBelow).length >= clearShare * values.length)
    return {
      range: [-1, 1],
      note: `${path}: outputs go down to ${lowest.toFixed(2)}: taken as pixels in [-1, 1] (--generator-range 0,1 says otherwise)`,
    };
  const note =
    lowest < -0.05
      ? `${path}: outputs go down to ${lowest.toFixed(2)}: taken as pixels in [0, 1], and cut (--generator-range -1,1 says otherwise)`
      : undefined;
  return { range: [0, 1], note };
}

/**
 * A style generator in two files: w = M(z) for each of L layers, x = S(w_1 … w_L).
 *
 * @param mapping  z [n, d] -> w [n, e]
 * @param synthesis  w [n, L, e] -> x
 * @param nuisance  layers whose code is not fitted
 * @throws UserError
 */
export async function stylePrior(
  mapping: OnnxModel,
  synthesis: OnnxModel,
  options: GeneratorFileOptions & { readonly mappingPath: string; readonly nuisance?: readonly number[] },
): Promise<{ prior: Prior; notes: string[] }> {
  const { path, mappingPath, nuisance = [], pixels } = options;
  const [d] = oneAxis(rowShape(mapping, mappingPath, "a mapping network"), mappingPath);
  const shape = rowShape(synthesis, path, "a synthesis network");
  if (shape.length !== 2)
    throw new UserError(
      `${path}: a synthesis network takes codes [rows, layers, width], this one rows of [${shape.join(", ")}]`,
      "a generator in one file is given without a mapping network",
    );
  const [layers, width] = shape;
  const wrong = nuisance.find((l) => !Number.isInteger(l) || l < 0 || l >= layers);
  if (wrong !== undefined)
    throw new UserError(
      `layer ${wrong}: the synthesis network ${path} has the layers 0 to ${layers - 1}`,
      "name some of these in --nuisance",
    );
  if (nuisance.length >= layers) throw new UserError("no layer is left whose code is fitted", "name fewer layers in --nuisance");
  const map = rowsFunction(mapping, [d]);
  const paint = rowsFunction(synthesis, shape);
  const raw = (z: Tensor): Tensor => {
    const w = map(z.reshape([z.shape[0] * layers, d]));
    return paint(w.reshape([z.shape[0], layers * w.shape[1]]));
  };
  const trial = randomStream(0).fold("style").normal([trials, layers, d]);
  const w = await steadyOutputs(map, randomStream(0).fold("map").normal([trials, d]), {
    path: mappingPath,
    what: "the mapping network",
    rows: "codes",
    one: "a draw of the prior",
  });
  if (w.shape[1] !== width)
    throw new UserError(
      `${mappingPath} gives ${w.shape[1]} numbers, and ${path} takes ${width} for each of its ${layers} layers`,
      "give the two networks of one generator; a mapping that repeats its output for every layer is to be exported without that",
    );
  const outputs = await steadyOutputs(raw, trial, { path, what: "the generator", rows: "codes", one: "a draw of the prior" });
  const { range, note } = rangeOf(outputs, options);
  const declared = synthesis.outputs[0].shape.slice(1).map(Number);
  const output = declared.every((n) => n > 0) ? declared : [outputs.shape[1]];
  return {
    prior: {
      ...{ name: path, latent: d, layers, output, nuisance: nuisance.length > 0 ? nuisance : undefined },
      generate: (z) => toUnit(raw(z), range),
      ...(pixels && { range: [0, 1] as const }),
    },
    notes: note ? [note] : [],
  };
}

function oneAxis(shape: Shape, path: string): Shape {
  if (shape.length === 1) return shape;
  throw new UserError(
    `${path}: a mapping network takes codes [rows, dimension], this one rows of [${shape.join(", ")}]`,
    "are the mapping and the synthesis network the other way round?",
  );
}
