/** Sessions of ONNX Runtime behind one small interface: native in Node (CPU, WebGPU, CUDA), WebGPU and models of others in a page. */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, NdArray } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";

export type Device = "cpu" | "webgpu" | "cuda" | "wasm";

export interface RuntimeOptions {
  /** Where programs run: `wasm` is the engine's own WebAssembly, the others are ONNX Runtime's. Default: in Node `wasm` for small programs and `cpu` for others, in a page `wasm`. */
  readonly device?: Device;
  /** Threads of one operation. Default: the number of physical cores, or one if all operations of a program are small. */
  readonly threads?: number;
}

/** ONNX Runtime, of Node and of the web. */
export type Ort = Pick<typeof import("onnxruntime-node"), "InferenceSession" | "Tensor" | "env">;

const inNode = typeof process !== "undefined" && Boolean(process.versions?.node);
/** Where programs run unless it is said: in Node the faster of `cpu` and `wasm`, by estimate. */
export const defaultDevice: Device | undefined = inNode ? undefined : "wasm";

/** A page says itself what loads the runtime, so that none is bundled for those who do not need it. */
let loader: (() => Promise<Ort>) | undefined = inNode ? native : undefined;
let loading: Promise<Ort> | undefined;

/** Asked of the process, so that bundlers for pages do not look for the native package. */
async function native(): Promise<Ort> {
  const { createRequire } = process.getBuiltinModule("node:module");
  return createRequire(import.meta.url)("onnxruntime-node");
}

export function runtimeFrom(load: () => Promise<Ort>): void {
  if (inNode) return;
  loader = load;
  loading = undefined;
}

function load(): Promise<Ort> {
  if (!loader)
    throw new TensorError('a page needs ONNX Runtime for WebGPU and for models: configure({ runtime: () => import("onnxruntime-web") })');
  loading ??= loader().then((ort) => {
    // Failures come as exceptions, with a message of our own; the runtime would print its own beside them.
    ort.env.logLevel = "fatal";
    return ort;
  });
  return loading;
}

/**
 * Physical cores. The runtime's own default pins its threads to cores, which stalls whenever another program runs on one of them; a
 * number does not.
 */
export async function physicalCores(): Promise<number | undefined> {
  if (!inNode) return undefined;
  const { availableParallelism } = process.getBuiltinModule("node:os");
  const { readFile } = process.getBuiltinModule("node:fs/promises");
  const active = await readFile("/sys/devices/system/cpu/smt/active", "utf8").catch(() => (process.arch === "x64" ? "1" : "0"));
  return Math.max(1, active.trim() === "1" ? availableParallelism() >> 1 : availableParallelism());
}

const elementTypes = { f32: "float32", f64: "float64", i32: "int32", i64: "int64", bool: "bool", u8: "uint8" } as const;
const dtypesOf = new Map<string, DType>(Object.entries(elementTypes).map(([dtype, name]) => [name, dtype as DType]));

/** A compiled program. */
export interface Session {
  run(inputs: readonly NdArray[]): Promise<NdArray[]>;
  release(): Promise<void>;
}

export interface SessionOptions extends RuntimeOptions {
  /** Outputs are written into buffers of the session's own, those of two calls in turn. */
  readonly reuse?: boolean;
}

interface ModelOptions extends RuntimeOptions {
  /** The model computes in f64. The runtime's fusions are not safe there: some have no f64 kernel, some keep their factors in f32. */
  readonly double?: boolean;
  /** What outputs are written into, call after call in turn. */
  readonly buffers?: readonly (readonly NdArray[])[];
}

/** Compiles a model whose inputs are named i0, i1, … and outputs o0, o1, …. */
export async function openSession(
  model: Uint8Array,
  outputs: number,
  { device, threads, double, buffers }: ModelOptions,
): Promise<Session> {
  const ort = await load();
  const provider = device ?? (inNode ? "cpu" : "wasm");
  const count = threads ?? (await physicalCores());
  const options: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    graphOptimizationLevel: double ? "basic" : "all",
    logSeverityLevel: 4,
    // ONNX Runtime compares f64 constants with 0 and 1 after rounding them to f32, and drops a product with 1 + 1e-9 as having no effect
    ...(double && { extra: { optimization: { disable_specified_optimizers: "NoopElimination" } } }),
    ...(count ? { intraOpNumThreads: count } : {}),
  };
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, options);
  } catch (error) {
    throw explain(error, provider);
  }
  const wrapped = new WeakMap<object, OrtTensor>();
  const wrap = (a: NdArray): OrtTensor => {
    let tensor = wrapped.get(a);
    if (!tensor) {
      const type = elementTypes[a.dtype as keyof typeof elementTypes];
      if (!type) throw new TensorError(`programs do not compute in ${a.dtype}: cast the array to f32 first`);
      tensor = new ort.Tensor(type, a.data as Float32Array, a.shape as number[]);
      wrapped.set(a, tensor);
    }
    return tensor;
  };
  const unwrap = (t: OrtTensor): NdArray => {
    const a = { dtype: dtypesOf.get(t.type) as DType, shape: t.dims, data: t.data } as NdArray;
    wrapped.set(a, t);
    return a;
  };
  const names = Array.from({ length: outputs }, (_, i) => `o${i}`);
  let turn = 0;
  return {
    async run(inputs) {
      const into = buffers?.[turn++ % buffers.length];
      const feeds: Record<string, OrtTensor> = {};
      for (let i = 0; i < inputs.length; i++) feeds[`i${i}`] = wrap(inputs[i]);
      const fetches = into ? Object.fromEntries(names.map((n, i) => [n, wrap(into[i])])) : names;
      const results = await session.run(feeds, fetches as InferenceSession.FetchesType).catch((error: Error) => {
        throw whileRunning(error);
      });
      return into ? [...into] : names.map((n) => unwrap(results[n]));
    },
    release: () => session.release(),
  };
}

export type { OrtTensor };

/** A model as its authors exported it: with names, element types and growing shapes of its own. */
export interface ModelSession {
  readonly inputs: readonly InferenceSession.ValueMetadata[];
  readonly outputs: readonly InferenceSession.ValueMetadata[];
  /** @throws TensorError */
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  /** A tensor over the data, which are not copied. */
  tensor(type: OrtTensor.Type, data: OrtTensor.DataType, shape: readonly number[]): OrtTensor;
  release(): Promise<void>;
}

/**
 * Opens a model beside the engine.
 *
 * @param folder  where files lie in which the model keeps weights
 * @throws TensorError
 */
export async function openModel(
  model: Uint8Array,
  { device, threads, folder }: RuntimeOptions & { folder?: string } = {},
): Promise<ModelSession> {
  const ort = await load();
  const provider = device ?? (inNode ? "cpu" : "wasm");
  const count = threads ?? (await physicalCores());
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [provider],
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    ...(folder && { extra: { session: { model_external_initializers_file_folder_path: folder } } }),
    ...(count ? { intraOpNumThreads: count } : {}),
  }).catch((error: unknown) => {
    throw explain(error, provider);
  });
  return {
    inputs: session.inputMetadata,
    outputs: session.outputMetadata,
    run: (feeds) =>
      session.run(Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, withBits(tensor)]))).catch((error: Error) => {
        throw whileRunning(error);
      }),
    tensor: (type, data, shape) => new ort.Tensor(type, data as Float32Array, shape),
    release: () => session.release(),
  };
}

/** f16 as bit patterns: onnxruntime-node (1.30) keeps it in a Float16Array where JavaScript has one, and cannot read that itself. */
function withBits(tensor: OrtTensor): OrtTensor {
  const { type, data } = tensor;
  if (type !== "float16" || !ArrayBuffer.isView(data) || data instanceof Uint16Array) return tensor;
  return Object.create(tensor, { data: { value: new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) } });
}

/** What went wrong in a run, in words: nearly always an index out of range. */
function whileRunning(error: Error): TensorError {
  const text = String(error?.message ?? error);
  const [, index, low, high] = /idx=(-?\d+) must be within the inclusive range \[(-?\d+),(-?\d+)\]/.exec(text) ?? [];
  if (index) return new TensorError(`take: index ${index} is out of range for an axis of ${Number(high) + 1} (from ${low} to ${high})`);
  const [, place] = /invalid indice found, indice = (-?\d+)/.exec(text) ?? [];
  if (place) return new TensorError(`take or scatterAdd: index ${place} is out of range for its axis`);
  return new TensorError(`the program could not be run: ${text}`);
}

/** Turns the runtime's message about a missing device into one that says what to do. */
function explain(error: unknown, device: Device): TensorError {
  const text = String((error as Error)?.message ?? error);
  const install = "npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12";
  if (device === "cuda") return new TensorError(`the cuda device is not available (${text}). Install its libraries with: ${install}`);
  if (device === "webgpu")
    return new TensorError(
      `the webgpu device is not available (${text}). It needs a GPU driver (Vulkan, Metal or Direct3D 12); use the cpu device instead`,
    );
  return new TensorError(`the program could not be compiled for ${device}: ${text}`);
}
