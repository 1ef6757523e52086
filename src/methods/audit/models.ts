/** The classifier and the generator of an audit, from their files. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { type NdArray, sizeOf } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type Classifier, classifierOf, generatorPrior, identityPrior, type Prior, stylePrior } from "../../inversion/index.ts";
import type { OnnxModel } from "../../onnx/index.ts";
import { readOnnx } from "../../onnx/read.ts";
import type { modelOptions } from "./options.ts";

export type ModelOptions = z.infer<z.ZodObject<typeof modelOptions>>;

/** Numbers with commas. @throws UserError  for anything else */
export function numbersOf(text: string | undefined, option: string): number[] | undefined {
  if (text === undefined) return undefined;
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.every(Number.isFinite)) return values;
  throw new UserError(`${option} takes numbers with commas (got ${JSON.stringify(text)})`);
}

/** A model file of this machine. @throws UserError  for addresses: only models that lie here are audited */
export async function modelFile(path: string, what: string): Promise<OnnxModel> {
  if (/^[a-z][a-z+.-]*:\/\//i.test(path))
    throw new UserError(
      `${path}: an audit attacks models of its own machine only, no remote endpoint`,
      "it needs gradients, and the word of the model's owner: give the .onnx file",
    );
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, `give the ${what} as an .onnx file`);
  if (statSync(path).isDirectory()) throw new UserError(`${path} is a folder`, `give the ${what} as an .onnx file`);
  return readOnnx(await readFile(path), path);
}

/** The classifier of --model. @param rows  of the data, on which it is tried */
export async function loadClassifier(given: ModelOptions, rows?: NdArray): Promise<Classifier> {
  const { model: path, output, mean, std, inputScale, bgr } = given;
  if (path === undefined)
    throw new UserError("no classifier: give it with --model", "pushforward audit posterior --model classifier.onnx --class 0");
  return classifierOf(await modelFile(path, "classifier"), {
    ...{ path, output, rows },
    ...{ mean: numbersOf(mean, "--mean"), deviation: numbersOf(std, "--std"), scale: inputScale, reversed: bgr },
  });
}

/** Inputs with three axes are pictures. */
export const isPicture = ({ input }: Pick<Classifier, "input">): boolean => input.length === 3;

/** The generator of --generator, which must make what the classifier takes; without one the code is the input. */
export async function loadPrior(given: ModelOptions, classifier: Classifier): Promise<{ prior: Prior; notes: readonly string[] }> {
  const { generator: path, mapping, nuisance, generatorRange } = given;
  const size = sizeOf(classifier.input);
  if (path === undefined) {
    if (mapping ?? nuisance ?? generatorRange) throw new UserError("--mapping, --nuisance and --generator-range belong to a --generator");
    const notes = isPicture(classifier) ? ["no --generator: codes are the pixels themselves, and N(0, I) knows nothing of pictures"] : [];
    return { prior: identityPrior(classifier.input, size), notes };
  }
  const range = rangeOf(generatorRange);
  const options = { path, range, pixels: isPicture(classifier) };
  const model = await modelFile(path, "generator");
  const found = mapping
    ? await stylePrior(await modelFile(mapping, "mapping network"), model, {
        ...options,
        mappingPath: mapping,
        nuisance: numbersOf(nuisance, "--nuisance"),
      })
    : await generatorPrior(model, options);
  const made = sizeOf(found.prior.output);
  if (made !== size)
    throw new UserError(
      `${path} makes inputs of [${found.prior.output.join(", ")}], and the classifier takes [${classifier.input.join(", ")}]`,
      "generator and classifier must be of the same data",
    );
  return found;
}

function rangeOf(text: string | undefined): readonly [number, number] | undefined {
  const values = numbersOf(text, "--generator-range");
  if (!values) return undefined;
  const [low, high] = values;
  if (values.length !== 2 || !(low < high)) throw new UserError(`--generator-range takes two numbers, the lower one first (got "${text}")`);
  return [low, high];
}

/** A class by its name or its number. @throws UserError */
export function classNamed(name: string, { classes, name: model }: Pick<Classifier, "classes" | "name">): number {
  const at = classes.indexOf(name);
  if (at >= 0) return at;
  const index = Number(name);
  if (Number.isInteger(index) && index >= 0 && index < classes.length && name.trim() !== "") return index;
  const shown = classes.length > 20 ? `${classes.slice(0, 20).join(", ")}, …` : classes.join(", ");
  throw new UserError(`class "${name}": ${model} has the classes ${shown}`, "give a name, or a number that counts from 0");
}
