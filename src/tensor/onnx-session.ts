/** Programs as ONNX models, run by ONNX Runtime. */
import { allocate, type NdArray } from "../array/ndarray.ts";
import { channelBlock } from "./channel-block.ts";
import { withSharing } from "./primitive.ts";
import { type Device, openSession, type Session, type SessionOptions } from "./runtime.ts";
import type { Node, Program } from "./tensor.ts";
import { reachable } from "./walk.ts";
import { writeModel } from "./write.ts";

export async function openOnnxSession(program: Program, options: SessionOptions & { device: Device }): Promise<Session> {
  const block = options.device === "cpu" ? await channelBlock() : undefined;
  const { bytes } = withSharing(() => writeModel(program, { channelBlock: block }));
  const nodes = reachable(program.outputs);
  const double = nodes.some((node) => node.outputs.some((y) => y.dtype === "f64"));
  const threads = options.threads ?? (nodes.every(isSmall) ? 1 : undefined);
  const allocated = (): NdArray[] => program.outputs.map((y) => allocate(y.dtype, y.shape));
  const buffers = options.reuse ? [allocated(), allocated()] : undefined;
  return openSession(bytes, program.outputs.length, { ...options, threads, double, buffers });
}

/** Operations that one thread finishes sooner than two can meet: about 20 µs of work. */
function isSmall(node: Node): boolean {
  const elements = Math.max(0, ...[...node.inputs, ...node.outputs].map((x) => x.size));
  return elements <= 32_768 && (node.primitive.work?.(node) ?? 0) <= 2_097_152;
}
