/** The command `information` inside a test, and the files it takes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { array, mapTree, type NdArray, ndarray, type Random, randomStream, toNumbers, writeNpy } from "../../src/array/index.ts";
import { commands } from "../../src/cli/commands.ts";
import { run } from "../../src/cli/program.ts";
import { type Mlp, mlp } from "../../src/nn/index.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import { configure, constant, jit, like, matmul, type Tensor } from "../../src/tensor/index.ts";

configure({ threads: 1 });

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** A folder of one test file. */
export function workplace(name: string) {
  const base = mkdtempSync(join(tmpdir(), `pushforward-${name}-`));
  const path = (file: string): string => join(base, file);
  const write = (file: string, content: string | Uint8Array): string => {
    writeFileSync(path(file), content);
    return path(file);
  };
  const call = async (...args: string[]): Promise<Answer> => {
    let [out, error] = ["", ""];
    const quiet = vi.spyOn(process.stderr, "write").mockImplementation((t) => Boolean((error += String(t))));
    const code = await run(args, commands, { out: (t) => void (out += t), error: (t) => void (error += t) });
    quiet.mockRestore();
    return { code, out, error };
  };
  return {
    path,
    write,
    call,
    npy: (file: string, a: NdArray): string => write(file, writeNpy(a)),
    /** A function of [rows, d] as a model of any number of rows. */
    model: (file: string, f: (x: Tensor) => Tensor, d: number, metadata: Record<string, string> = {}): string =>
      write(file, toOnnx(f, [like([1, d])], { anyRows: true, metadata })),
    read: (out: string, file: string): string => readFileSync(join(base, out, file), "utf8"),
    remove: () => rmSync(base, { recursive: true }),
    information: (...args: string[]) => call("information", ...args),
  };
}

/** x = W z + b of three observations and two latents, with noise of variance 0.2. */
export const linear = {
  weights: [
    [1.2, -0.4],
    [0.3, 0.9],
    [-0.5, 0.7],
  ],
  bias: [0.5, -1, 0],
  variance: 0.2,
};

/** The mean of x as a program. */
export const linearMean = (z: Tensor): Tensor => {
  const transposed = [0, 1].map((j) => linear.weights.map((row) => row[j]));
  return matmul(z, constant(array(transposed, "f32"))).add(constant(array([linear.bias], "f32")));
};

/** Means of a proposal that is near the posterior, and log variances: side by side. */
export const roughEncoder = (x: Tensor): Tensor => {
  const back = array(
    linear.weights.map((row) => [...row.map((w) => w / 1.9), 0, 0]),
    "f32",
  );
  return matmul(x.sub(constant(array([linear.bias], "f32"))), constant(back)).add(constant(array([[0, 0, -1.2, -1.2]], "f32")));
};

/** A network with weights of a seed. */
export function network(sizes: readonly number[], seed: number): (x: Tensor) => Tensor {
  const layers = mapTree<Mlp, [NdArray]>((a) => constant(a), mlp.init(randomStream(seed), sizes));
  return (x) => mlp.apply(layers, x, "tanh");
}

/** Draws z ~ N(0, I) and x ~ N(f(z), variance), made by the test itself. */
export async function drawn(f: (z: Tensor) => Tensor, d: number, variance: number, n: number, rng: Random) {
  const z = rng.fold("z").normal([n, d]);
  const mean = await jit(f)(z);
  const noise = rng.fold("noise").normal([n, mean.shape[1]]);
  const x = ndarray(
    Float32Array.from(toNumbers(mean), (m, i) => m + Math.sqrt(variance) * noise.data[i]),
    mean.shape,
    "f32",
  );
  return { z, x };
}
