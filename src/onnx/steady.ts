/** Models of files, tried before anything is computed with them. */
import { type NdArray, ndarray, sizeOf, toNumbers } from "../array/index.ts";
import { TensorError, UserError } from "../errors.ts";
import { jit, type Tensor } from "../tensor/index.ts";

/** What a model is, in words for messages. */
export interface Tried {
  readonly path: string;
  /** "the decoder" */
  readonly what: string;
  /** What its rows are: "latents". */
  readonly rows: string;
  /** One of them: "a draw of the prior". */
  readonly one: string;
  /** What to do with a graph that is random on purpose. */
  readonly noise?: string;
}

/** Share of the largest output by which a row may differ with the number of rows beside it: products are rounded in another order. */
const apart = 1e-3;
/** Rows that are also computed without the others. */
const few = 8;

/**
 * Outputs for some rows, after two runs that must agree to the bit, and one of a few rows alone.
 *
 * @param inputs  [n, ...], n > 8
 * @returns  the output, n rows of finite numbers
 * @throws UserError  for a model that cannot be computed, is random, mixes rows, or gives what is no number
 */
export async function steadyOutputs(f: (x: Tensor) => Tensor, inputs: NdArray, tried: Tried): Promise<NdArray> {
  const { path, what, rows, one, noise } = tried;
  const program = jit(f);
  const [n] = inputs.shape;
  const [first, second] = await computed(path, async () => [await program(inputs), await program(inputs)]);
  if (first.shape[0] !== n || first.shape.length < 2)
    throw new UserError(`${path}: ${n} ${rows} give an output of shape [${first.shape.join(", ")}], not one row each`);
  const [a, b] = [toNumbers(first), toNumbers(second)];
  const wrong = a.findIndex((v) => !Number.isFinite(v));
  if (wrong >= 0) {
    const row = Math.floor(wrong / (a.length / n));
    throw new UserError(`${path}: ${what} gives ${a[wrong]} for ${one} (row ${row + 1})`, `check its weights and the scale of the ${rows}`);
  }
  if (a.some((v, i) => v !== b[i]))
    throw new UserError(
      `${path}: two runs on the same ${rows} differ: the graph is random (dropout or noise in training mode)`,
      `export it in evaluation mode (model.eval())${noise ? `, and ${noise}` : ""}`,
    );
  const size = sizeOf(inputs.shape.slice(1));
  const start = ndarray(inputs.data.slice(0, few * size), [few, ...inputs.shape.slice(1)], inputs.dtype);
  const alone = toNumbers(await computed(path, () => program(start)));
  const scale = a.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  if (alone.some((v, i) => Math.abs(v - a[i]) > apart * scale))
    throw new UserError(
      `${path}: what ${what} gives for one of the ${rows} depends on the rows beside it (statistics of the batch?)`,
      "export it in evaluation mode (model.eval())",
    );
  await program.dispose();
  return first;
}

/** What a graph computes. @throws UserError  with the file, where it cannot be computed */
export async function computed<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof TensorError)) throw error;
    throw new UserError(`${path}: ${error.message}`, "export it in evaluation mode (model.eval()), for any number of rows");
  }
}
