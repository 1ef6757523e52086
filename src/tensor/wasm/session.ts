/** Programs as modules of WebAssembly, behind the same interface as sessions of the runtime. */
import { dtypes, type NdArray, ndarray } from "../../array/ndarray.ts";
import { TensorError } from "../../errors.ts";
import { withSharing } from "../primitive.ts";
import type { Session, SessionOptions } from "../runtime.ts";
import type { Program, ProgramDType, Tensor } from "../tensor.ts";
import { emitPlan } from "./emit.ts";
import { signatures } from "./kernels.ts";
import kernelBytes from "./kernels.wasm.ts";
import { aligned, sizeInBytes } from "./memory.ts";
import { moduleWriter } from "./module.ts";
import { type Plan, planProgram } from "./plan.ts";

/** Where kernels tell what they could not do: its kind, the end of what a number may be, and the number. */
const errors = 16;
/** Where programs begin: with the addresses of their inputs and outputs. */
const start = 64;
const page = 65_536;

let compiled: Promise<WebAssembly.Module> | undefined;
const kernels = (): Promise<WebAssembly.Module> => {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(kernelBytes), (c) => c.charCodeAt(0)));
  return compiled;
};

/** Milliseconds after which others have their turn: timers, signals, clicks. */
const breath = 8;
let since = performance.now();

/** Programs run at once; now and then what waits for the event loop comes first. */
async function breathe(): Promise<void> {
  if (performance.now() - since < breath) return;
  await new Promise<void>((resolve) => {
    if (typeof setImmediate === "function") return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
  since = performance.now();
}

/** All constants of a plan and of the programs in it. */
function constantsOf({ constants, nested }: Plan): (readonly [Tensor, NdArray])[] {
  return [...constants, ...[...nested.values()].flatMap((plans) => plans.flatMap(constantsOf))];
}

/** Addresses one behind another. */
function laidOut<T>(items: readonly T[], from: number, bytes: (item: T) => number): { addresses: number[]; end: number } {
  let end = from;
  const addresses = items.map((item) => {
    const address = end;
    end += aligned(bytes(item));
    return address;
  });
  return { addresses, end };
}

const bytesIn = (a: NdArray): Uint8Array => new Uint8Array(a.data.buffer, a.data.byteOffset, a.data.byteLength);

/** Compiles a program. Its memory holds constants, inputs, outputs and what is computed on the way. */
export async function openModuleSession(program: Program, { reuse = false }: SessionOptions = {}): Promise<Session> {
  const plan = withSharing(() => planProgram(program));
  const constants = [...new Map(constantsOf(plan))];
  const ports = program.inputs.length + program.outputs.length;
  const fixed = laidOut(constants, start + aligned(ports * 4), ([x]) => sizeInBytes(x));
  const given = laidOut(program.inputs, fixed.end, sizeInBytes);
  const results = laidOut(program.outputs, given.end, sizeInBytes);
  const spare = laidOut(program.outputs, results.end, sizeInBytes);
  const own = spare.end;
  const memory = allocateMemory(own + aligned(plan.bytes) + 64);
  const bytes = write(plan, own, new Map(constants.map(([x], i) => [x, fixed.addresses[i]])));
  const [module, library] = await Promise.all([WebAssembly.compile(bytes), kernels()]);
  const { exports: functions } = await WebAssembly.instantiate(library, { env: { memory } });
  const { exports } = await WebAssembly.instantiate(module, {
    env: { memory },
    kernels: { ...functions, pow: Math.pow, sin: Math.sin, cos: Math.cos },
  });
  const run = exports.run as () => void;
  const whole = new Uint8Array(memory.buffer);
  constants.forEach(([, value], i) => whole.set(bytesIn(value), fixed.addresses[i]));
  const error = new Int32Array(memory.buffer, errors, 4);
  const addresses = new Uint32Array(memory.buffer, start, ports);
  const view = ({ dtype, shape, size }: Tensor, address: number): NdArray =>
    ndarray<ProgramDType>(new dtypes[dtype].array(memory.buffer, address, size), shape, dtype);
  const turns = [results, spare].map(({ addresses }) => program.outputs.map((y, k) => view(y, addresses[k])));
  let turn = 0;
  return {
    async run(inputs) {
      await breathe();
      inputs.forEach((a, i) => {
        const isHere = a.data.buffer === memory.buffer;
        if (!isHere) whole.set(bytesIn(a), given.addresses[i]);
        addresses[i] = isHere ? a.data.byteOffset : given.addresses[i];
      });
      const target = turns[turn];
      target.forEach((a, i) => (addresses[inputs.length + i] = a.data.byteOffset));
      error[0] = 0;
      run();
      if (error[0] !== 0) throw outOfRange(error);
      // a call that failed leaves the last results, and their turn, as they are
      if (reuse) turn = 1 - turn;
      return reuse ? [...target] : target.map((a) => ({ ...a, data: a.data.slice() }) as NdArray);
    },
    release: async () => undefined,
  };
}

function outOfRange([kind, rows, low, high]: Int32Array): TensorError {
  const index = high * 2 ** 32 + (low >>> 0);
  const name = kind === 1 ? "take" : "take or scatterAdd";
  return new TensorError(`${name}: index ${index} is out of range for an axis of ${rows} (from ${-rows} to ${rows - 1})`);
}

/** The module of a plan; `run` finds the addresses of inputs and outputs in memory, as parameters are at most 1,000. */
function write(plan: Plan, memory: number, constants: ReadonlyMap<Tensor, number>): Uint8Array<ArrayBuffer> {
  const writer = moduleWriter(signatures);
  const { inputs, outputs } = plan.program;
  const globals = [...inputs, ...outputs].map(() => writer.global());
  const driver = writer.func({ params: [], results: [] }, (code) => {
    globals.forEach((global, i) => {
      code.i32(start + 4 * i);
      code.access("i32.load", 0);
      code.globalSet(global);
    });
    const places = globals.map((global) => ({ global, offset: 0 }));
    emitPlan({ writer, constants }, code, plan, memory, places.slice(0, inputs.length), places.slice(inputs.length));
  });
  return writer.finish(driver);
}

function allocateMemory(bytes: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / page) });
  } catch {
    throw new TensorError(`the program needs ${(bytes / 2 ** 20).toFixed(0)} MiB of memory, which WebAssembly does not give`);
  }
}
