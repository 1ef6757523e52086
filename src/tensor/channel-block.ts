/** Whether the runtime has convolutions for blocked channels here, and how many channels make a block: 16 with AVX-512, 8 with AVX. */
import { ndarray } from "../array/ndarray.ts";
import { openSession } from "./runtime.ts";
import { range } from "./shapes.ts";
import { serialize, valueInfo } from "./write.ts";

let found: Promise<number | undefined> | undefined;

/** Of the CPU in Node; looked for once. */
export function channelBlock(): Promise<number | undefined> {
  found ??= look().catch(() => undefined);
  return found;
}

/** The numbers 0, 1, 2, … in 32 channels of two positions: in blocks, number 1 (the first channel's second position) follows a block. */
async function look(): Promise<number | undefined> {
  const shape = [1, 32, 1, 2];
  const info = (name: string) => valueInfo(name, { dtype: "f32", shape });
  const node = [{ opType: "ReorderInput", domain: "com.microsoft.nchwc", input: ["i0"], output: ["o0"] }];
  const session = await openSession(serialize({ name: "blocks", node, input: [info("i0")], output: [info("o0")] }, {}), 1, {
    device: "cpu",
    threads: 1,
  });
  const [y] = await session.run([ndarray(Float32Array.from(range(64)), shape, "f32")]);
  await session.release();
  const block = Array.from(y.data, Number).indexOf(1);
  return block > 1 ? block : undefined;
}
