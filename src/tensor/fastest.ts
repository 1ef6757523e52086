/** Programs in Node that nobody has given a device: natively, in WebAssembly, or the one and then the other. */
import { openOnnxSession } from "./onnx-session.ts";
import type { Session, SessionOptions } from "./runtime.ts";
import { openSplit, splitTail } from "./tail.ts";
import type { Program } from "./tensor.ts";
import { isFasterInWasm } from "./wasm/cost.ts";
import { openModuleSession } from "./wasm/session.ts";

export async function openFastest(program: Program, options: SessionOptions): Promise<Session> {
  // what is so small, and a tail, whose elements all come from memory, is not worth a second thread
  const alone = { ...options, threads: 1 };
  if (isFasterInWasm(program)) return openModuleSession(program, alone);
  const native = { ...options, device: "cpu" } as const;
  // a state that is copied to and fro would cost what the tail saves
  const split = options.reuse ? splitTail(program) : undefined;
  if (!split) return openOnnxSession(program, native);
  const { reuse: _, ...once } = native;
  return openSplit(
    split,
    (head) => openOnnxSession(head, once),
    (tail) => openModuleSession(tail, alone),
  );
}
