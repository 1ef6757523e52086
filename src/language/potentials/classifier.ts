/** A classifier of texts as a potential: φ = p(class | text). Needs Node. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { NdArray } from "../../array/index.ts";
import { textTokens } from "../../data/labelled-texts.ts";
import { nearest, UserError } from "../../errors.ts";
import { readOnnx } from "../../onnx/read.ts";
import { jit, log, type Tensor } from "../../tensor/index.ts";
import { tokenizerOf } from "../../tokenizers/index.ts";
import type { Potential, Scored } from "./potential.ts";

/** Texts at a time. */
const batch = 256;

/**
 * log φ = log p(class | text), of a classifier that `pushforward train --text` exported: its file holds tokenizer, length and classes. It
 * reads prompt and continuation together.
 *
 * @param wanted  a class by name
 * @throws UserError  for a file without tokenizer or classes, and a class that it does not have
 */
export async function classifierPotential(path: string, wanted: string | undefined): Promise<Potential> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  const model = readOnnx(await readFile(path), path);
  const { tokenizer: json, classes: names, tokens, pad } = model.metadata;
  if (json === undefined || names === undefined || tokens === undefined || pad === undefined)
    throw new UserError(
      `${path}: a potential needs a classifier of texts with its tokenizer, and this file has none`,
      "pushforward train reviews.csv --text review --target stars writes one",
    );
  const classes: unknown = parsed(names, path);
  if (!Array.isArray(classes) || classes.length < 2) throw new UserError(`${path}: its classes are no list`);
  const known = classes.map(String);
  const guess = wanted === undefined ? undefined : nearest(wanted, known);
  if (wanted === undefined) throw new UserError(`${path}: which class is wanted?`, `--class ${known.join(" | ")}`);
  const index = known.indexOf(wanted);
  if (index < 0) throw new UserError(`${path}: no class "${wanted}"`, guess ? `did you mean ${guess}?` : `there are ${known.join(", ")}`);
  const tokenizer = tokenizerOf(parsed(json, path), path);
  const sizes = { length: Number(tokens), pad: Number(pad) };
  if (!(Number.isInteger(sizes.length) && sizes.length >= 1 && Number.isInteger(sizes.pad)))
    throw new UserError(`${path}: its length of texts is no number`);
  const scores = jit((x: Tensor) => log(model.apply(model.params, x)[0]));
  return {
    name: `${basename(path)}:${wanted}`,
    largest: 0,
    async logs(texts: readonly Scored[]) {
      const all = new Float64Array(texts.length);
      for (let from = 0; from < texts.length; from += batch) {
        const part = texts.slice(from, from + batch);
        // equal numbers of rows: one program
        const rows = [...part.map(({ text }) => text), ...new Array<string>(texts.length > batch ? batch - part.length : 0).fill("")];
        const x: NdArray = { dtype: "i32", shape: [rows.length, sizes.length], data: textTokens(rows, tokenizer, sizes) };
        const { data, shape } = await scores(x);
        part.forEach((_, i) => void (all[from + i] = Number(data[i * shape[1] + index])));
      }
      return all;
    },
  };
}

function parsed(json: string, path: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UserError(`${path}: what it says of its tokenizer and classes is no JSON`);
  }
}
