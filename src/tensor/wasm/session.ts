/** Programs as modules of WebAssembly, behind the same interface as sessions of the runtime. */
import { dtypes, type NdArray, ndarray } from "../../array/ndarray.ts";
import { mayShare } from "../../array/thread.ts";
import { TensorError } from "../../errors.ts";
import { withSharing } from "../primitive.ts";
import { physicalCores, type Session, type SessionOptions } from "../runtime.ts";
import type { Program, ProgramDType, Tensor } from "../tensor.ts";
import { emitPlan } from "./emit.ts";
import { signatures as jobSignatures, jobsOf, worthwhile } from "./jobs.ts";
import { signatures } from "./kernels.ts";
import { aligned, sizeInBytes } from "./memory.ts";
import { moduleWriter, mostPages } from "./module.ts";
import type { Pointer } from "./place.ts";
import { type Plan, planProgram } from "./plan.ts";

/** Where kernels tell what they could not do: its kind, the end of what a number may be, and the number. */
const errors = 16;
/** Where programs begin: with the addresses of their inputs and outputs. */
const start = 64;
const page = 65_536;

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

/** Kernels for memory that threads share, and for memory of one. */
function kernels(shared: boolean): Promise<WebAssembly.Module> {
  let module = compiled.get(shared);
  if (!module) {
    const text = shared ? import("./kernels-shared.wasm.ts") : import("./kernels.wasm.ts");
    module = text.then(({ default: base64 }) => WebAssembly.compile(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))));
    compiled.set(shared, module);
  }
  return module;
}

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

/** Threads beyond which parts have no numbers. */
const most = 128;

/** Threads for jobs, where memory may be shared. */
async function threadsFor({ threads }: SessionOptions): Promise<number> {
  if (!mayShare()) return 1;
  // a page has others beside it
  return Math.min(most, threads ?? (await physicalCores()) ?? Math.min(4, navigator.hardwareConcurrency));
}

/**
 * Compiles a program. Its memory holds constants, inputs, outputs and what is computed on the way.
 *
 * @param least  microseconds that something must take for threads to share it
 */
export async function openModuleSession(program: Program, options: SessionOptions = {}, least = worthwhile): Promise<Session> {
  const { reuse = false } = options;
  const plan = withSharing(() => planProgram(program));
  const constants = [...new Map(constantsOf(plan))];
  const ports = program.inputs.length + program.outputs.length;
  const fixed = laidOut(constants, start + aligned(ports * 4), ([x]) => sizeInBytes(x));
  const given = laidOut(program.inputs, fixed.end, sizeInBytes);
  const results = laidOut(program.outputs, given.end, sizeInBytes);
  const spare = laidOut(program.outputs, results.end, sizeInBytes);
  const own = spare.end;
  const threads = await threadsFor(options);
  const written = write(plan, own, new Map(constants.map(([x], i) => [x, fixed.addresses[i]])), { threads, least });
  const { memory, exports, release } = await instantiated(written);
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
    release: async () => release(),
  };
}

function outOfRange([kind, rows, low, high]: Int32Array): TensorError {
  const index = high * 2 ** 32 + (low >>> 0);
  const name = kind === 1 ? "take" : "take or scatterAdd";
  return new TensorError(`${name}: index ${index} is out of range for an axis of ${rows} (from ${-rows} to ${rows - 1})`);
}

/** A module, and what it needs of memory. */
interface Written {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where its memory ends. */
  readonly end: number;
  /** 1 if there is nothing that threads would share. */
  readonly threads: number;
  /** Addresses of what threads have for themselves. */
  readonly edges: readonly number[];
}

/** Bytes of a thread's own for kernels. */
const edgeBytes = 64;

/** Bytes of the largest primitive's own memory. */
const largestScratch = ({ units, nested }: Plan): number =>
  Math.max(
    0,
    ...units.map((unit) => (unit.isLoop ? 0 : aligned(unit.nodes[0].primitive.wasm?.scratch?.(unit.nodes[0]) ?? 0))),
    ...[...nested.values()].flat().map(largestScratch),
  );

/** The module of a plan; `run` finds the addresses of inputs and outputs in memory, as parameters are at most 1,000. */
function write(
  plan: Plan,
  memory: number,
  constants: ReadonlyMap<Tensor, number>,
  { threads, least }: { readonly threads: number; readonly least: number },
): Written {
  const writer = moduleWriter(threads > 1 ? { ...signatures, ...jobSignatures } : signatures);
  const { inputs, outputs } = plan.program;
  const places = [...inputs, ...outputs].map((_, i) => ({ pointer: start + 4 * i, offset: 0 }));
  const edges = Array.from({ length: threads }, (_, part) => memory + aligned(plan.bytes) + edgeBytes * part);
  const room = { address: memory + aligned(plan.bytes) + edgeBytes * threads, bytes: largestScratch(plan) };
  const jobs = threads > 1 ? jobsOf(writer, threads, room, least) : undefined;
  let end = room.address + (jobs ? threads * room.bytes : 0);
  const pointer = (): Pointer => {
    end += 4;
    return { pointer: end - 4, offset: 0 };
  };
  const emission = { writer, constants, pointer, jobs };
  const run = writer.func({ params: [], results: [] }, (code) =>
    emitPlan(emission, code, plan, memory, places.slice(0, inputs.length), places.slice(inputs.length)),
  );
  const part = jobs?.finish();
  const bytes = writer.finish({ run, ...(part !== undefined && { part }) }, part !== undefined);
  return { bytes, end, threads: part === undefined ? 1 : threads, edges };
}

interface Instance {
  readonly memory: WebAssembly.Memory;
  readonly exports: WebAssembly.Exports;
  release(): void;
}

/** An instance, and one in each of its threads. */
async function instantiated({ bytes, end, threads, edges }: Written): Promise<Instance> {
  const shared = threads > 1;
  const memory = allocateMemory(end + 64, shared);
  const [module, library] = await Promise.all([WebAssembly.compile(bytes), kernels(shared)]);
  const { exports: functions } = await WebAssembly.instantiate(library, { env: { memory } });
  const members = { ...functions, pow: Math.pow, sin: Math.sin, cos: Math.cos };
  if (!shared) {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory }, kernels: { ...members, fork: nothing, join: nothing } });
    return { memory, exports, release: nothing };
  }
  const { crewOf } = await import("./threads.ts");
  const crew = crewOf(threads);
  const { team, begin, leave } = await crew.enlist({ module, kernels: library, memory, edges });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory }, kernels: { ...members, ...team } });
  begin(exports.part as (job: number, part: number) => void);
  return { memory, exports, release: leave };
}

const nothing = (): void => undefined;

function allocateMemory(bytes: number, shared: boolean): WebAssembly.Memory {
  const initial = Math.ceil(bytes / page);
  try {
    return new WebAssembly.Memory(shared ? { initial, maximum: mostPages, shared } : { initial });
  } catch {
    throw new TensorError(`the program needs ${(bytes / 2 ** 20).toFixed(0)} MiB of memory, which WebAssembly does not give`);
  }
}
