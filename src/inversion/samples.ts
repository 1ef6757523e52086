/** Inputs drawn from fitted posteriors. */
import { type NdArray, ndarray, type Random, toNumbers } from "../array/index.ts";
import { jit, type Tensor } from "../tensor/index.ts";
import { fittedLayers, type Inversion, inputsOf, posteriors } from "./objective.ts";
import { layeredNoise } from "./points.ts";

/** Codes and inputs of every goal. */
export interface Drawn {
  /** Of the fitted layers, [J, L', n, d]. */
  readonly codes: NdArray<"f32">;
  /** Rows [J, n, D], in the range of the data. */
  readonly inputs: NdArray<"f32">;
}

/** Rows that go through the generator at once. */
const most = 2000;

/** n independent draws of every goal. Of a mixture every draw chooses its component by the shares. */
export async function drawInputs<P extends object>(inversion: Inversion<P>, params: object, n: number, rng: Random): Promise<Drawn> {
  const { family, goals, prior } = inversion;
  const [J, rows] = [goals.length, posteriors(inversion)];
  const code = jit((given: object, noise: Tensor) => family.draw(given as P, noise).z); // the params that the family made
  const chances = await componentChances(inversion, params);
  const input = jit((z: Tensor, free: Tensor) => inputsOf(inversion, z, prior.nuisance && free).x);
  const codes = new Float32Array(rows * n * family.latent);
  let inputs = new Float32Array();
  for (let from = 0; from < n; ) {
    const m = Math.min(n - from, Math.max(1, Math.floor(most / J)));
    const count = m * family.components;
    const noise = layeredNoise(inversion, rng, count, "f32", (stream, r) => stream.normal([r, count, family.latent]).data);
    const all = await code(params, noise);
    const z = chosen(all, chances, m, rng);
    const x = await input(z, rng.normal([J, m, family.latent]));
    const D = x.shape[1];
    if (inputs.length === 0) inputs = new Float32Array(J * n * D);
    putRows(codes, z, [rows, m, family.latent], from, n);
    putRows(inputs, x, [J, m, D], from, n);
    from += m;
  }
  await Promise.all([code.dispose(), input.dispose()]);
  return {
    codes: ndarray(codes, [J, fittedLayers(prior).length, n, family.latent], "f32"),
    inputs: ndarray(inputs, [J, n, inputs.length / (J * n)], "f32"),
  };
}

/** Shares of the components, row by row; absent where there is one. */
async function componentChances<P extends object>({ family }: Inversion<P>, params: object): Promise<number[][] | undefined> {
  const { logShares, components } = family;
  if (!logShares) return undefined;
  const found = toNumbers(await jit((given: object) => logShares(given as P))(params));
  return Array.from({ length: found.length / components }, (_, j) => found.slice(j * components, (j + 1) * components).map(Math.exp));
}

/** One draw of each m, from the component that chance says: [J, C·m, d] -> [J, m, d]. */
function chosen(all: NdArray, chances: number[][] | undefined, m: number, rng: Random): NdArray {
  if (!chances) return all;
  const [rows, , d] = all.shape;
  const picked = new Float32Array(rows * m * d);
  const size = all.shape[1] * d;
  chances.forEach((shares, row) => {
    const component = rng.categorical(shares, [m]).data;
    for (let i = 0; i < m; i++)
      for (let k = 0; k < d; k++) picked[(row * m + i) * d + k] = Number(all.data[row * size + (component[i] * m + i) * d + k]);
  });
  return ndarray(picked, [rows, m, d], "f32");
}

/** Rows [J, m, w] into an array [J, n, w] from a row on. */
function putRows(into: Float32Array, values: NdArray, [J, m, w]: readonly number[], from: number, n: number): void {
  for (let j = 0; j < J; j++) for (let e = 0; e < m * w; e++) into[(j * n + from) * w + e] = Number(values.data[j * m * w + e]);
}
