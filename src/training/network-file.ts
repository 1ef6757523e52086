/** Networks from the disk. Needs Node. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import type { Network } from "../nn/index.ts";
import { readOnnx } from "../onnx/read.ts";
import { modelNetwork, type NetworkSize, namedNetwork, naturalNetwork } from "./networks.ts";
import type { Problem } from "./problem.ts";

/**
 * The network of a name or of an .onnx file, or without either the natural one for the data.
 * @throws UserError
 */
export async function networkFor(
  model: string | undefined,
  problem: Problem,
  size: NetworkSize,
): Promise<{ name: string; network: Network }> {
  const name = model ?? naturalNetwork(problem);
  if (!/\.onnx$/i.test(name)) return { name, network: namedNetwork(name, problem, size) };
  if (!existsSync(name)) throw new UserError(`${name}: there is no such file`, "check the path");
  return { name: basename(name), network: modelNetwork(readOnnx(await readFile(name), name), name, problem) };
}
