/** Tracing and compiled programs. */
import { array, type NdArray, type Shape } from "../array/ndarray.ts";
import { flatten, type Structure, unflatten } from "../array/tree.ts";
import { guarded, made } from "./inputs.ts";
import { withSharing } from "./primitive.ts";
import { isValue, placeholder, programDType, tensors, type Value } from "./primitives/constant.ts";
import { programCache } from "./programs.ts";
import { defaultDevice, type Ort, type RuntimeOptions, runtimeFrom, type Session, type SessionOptions } from "./runtime.ts";
import { fail } from "./shapes.ts";
import { type Program, type ProgramDType, Tensor } from "./tensor.ts";

/** The tree of arrays that corresponds to a tree of tensors. */
export type Arrays<T> = T extends Value ? NdArray : T extends object ? { [K in keyof T]: Arrays<T[K]> } : T;
/** What may be fed for a tree of tensors: arrays, or numbers for scalars. */
export type Feeds<T> = T extends Tensor ? NdArray | number : T extends object ? { [K in keyof T]: Feeds<T[K]> } : T;

export interface Traced extends Program {
  readonly structure: Structure;
}

/** Traces a function for arguments like the given ones (arrays, numbers, or `{dtype, shape}` without data). */
export function trace<A extends unknown[], R>(f: (...args: A) => R, args: { [K in keyof A]: Feeds<A[K]> } | readonly unknown[]): Traced {
  const flat = flatten<NdArray | number>(args, isValue as (x: unknown) => x is NdArray);
  const precision = precisionOf(flat.leaves);
  return withSharing(() => {
    const inputs = flat.leaves.map((v) =>
      placeholder(...(typeof v === "number" ? ([precision, []] as const) : ([programDType("jit", v), v.shape] as const))),
    );
    const result = f(...unflatten<A>(flat.structure, inputs));
    if (result instanceof Promise) fail("jit", "the function is async; programs are traced synchronously");
    const { leaves, structure } = tensors("jit", result);
    return { inputs, outputs: leaves, structure };
  });
}

/** Numbers among arguments are f64 if an array among them is: in a program of double precision nothing is rounded on its way in. */
const precisionOf = (leaves: readonly (NdArray | number)[]): "f32" | "f64" =>
  leaves.some((v) => typeof v !== "number" && v.dtype === "f64") ? "f64" : "f32";

export interface JitOptions extends RuntimeOptions {
  /**
   * Write outputs into buffers that the program owns instead of new ones: for steps whose results feed the next call. The buffers
   * alternate, so that results stay valid during the next call, and no longer.
   */
  readonly reuse?: boolean;
  /** Most signatures whose programs are kept; the one that was called longest ago goes first. Default 128. */
  readonly cache?: number;
}

interface Compiled {
  /** None where there is nothing to compute. */
  readonly session: Session | undefined;
  readonly structure: Structure;
}

/** A compiled function. */
export type Jitted<A extends unknown[], R> = ((...args: { [K in keyof A]: Feeds<A[K]> }) => Promise<Arrays<R>>) & {
  /** Frees the memory of all compiled programs; a later call compiles anew. */
  dispose(): Promise<void>;
};

const defaults: { device?: RuntimeOptions["device"]; threads?: number } = {};

/** Where programs run, and in a page what loads ONNX Runtime. */
export interface Configuration extends RuntimeOptions {
  /** In a page only: ONNX Runtime for the web, which WebGPU and models of others need: `() => import("onnxruntime-web")`. */
  readonly runtime?: () => Promise<Ort>;
}

/** Sets the device and the number of threads of programs compiled from now on. */
export function configure({ runtime, ...options }: Configuration): void {
  Object.assign(defaults, options);
  if (runtime) runtimeFrom(runtime);
}

/**
 * Compiles a function of tensors. It is traced once per signature (tree, dtypes and shapes of its arguments); later calls run the
 * compiled program. Inside another program call the function itself. Arrays that are given must not be changed before the call has
 * resolved; small ones are copied, and a change of a large one is reported where it is seen.
 *
 * @returns  the function on arrays, as a promise
 * @throws   TensorError if the function cannot be traced, or the device is missing
 */
export function jit<A extends unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> {
  if (typeof f !== "function") fail("jit", `compiles a function of tensors, not ${f === null ? "null" : `a value of type ${typeof f}`}`);
  const { cache: most = 128 } = options;
  if (!(most >= 1)) fail("jit", `a cache of ${most} programs: at least 1 is needed`);
  const programs = programCache<Compiled>(most, (program) => program.session?.release());
  const call = async (args: { [K in keyof A]: Feeds<A[K]> }): Promise<Arrays<R>> => {
    const { leaves, structure } = flatten<NdArray | number>(args, isValue as (x: unknown) => x is NdArray);
    const precision = precisionOf(leaves);
    const given = leaves.map((v) => (typeof v === "number" ? array(v, precision, []) : v));
    let key = JSON.stringify(structure);
    for (const a of given) key += `;${a.dtype}${a.shape.join(",")}`;
    const { arrays, check } = guarded(given);
    return programs.use(
      key,
      () => compile(f, args, options),
      async (program) => {
        const results = program.session ? await program.session.run(arrays) : [];
        check();
        return unflatten<Arrays<R>>(program.structure, made(results));
      },
    );
  };
  const compiled = (...args: { [K in keyof A]: Feeds<A[K]> }): Promise<Arrays<R>> => {
    // Thrown at once, so that it is the surrounding program that fails.
    if (args.some((x) => x instanceof Tensor))
      fail("jit", "a compiled function was called inside a program: call the function itself there");
    return call(args);
  };
  return Object.assign(compiled, { dispose: programs.dispose });
}

async function compile<A extends unknown[], R>(f: (...args: A) => R, args: unknown[], options: JitOptions): Promise<Compiled> {
  const program = trace(f, args);
  const { structure } = program;
  const session = program.outputs.length > 0 ? await openProgram(program, { ...defaults, ...options }) : undefined;
  return { session, structure };
}

/** Compiles for a device. Each target is loaded when it is wanted: a page that computes in WebAssembly has no other. */
async function openProgram(program: Program, options: SessionOptions): Promise<Session> {
  const device = options.device ?? defaultDevice;
  if (device === "wasm") return (await import("./wasm/session.ts")).openModuleSession(program, options);
  if (device === undefined) return (await import("./fastest.ts")).openFastest(program, options);
  return (await import("./onnx-session.ts")).openOnnxSession(program, { ...options, device });
}

/** Shape and dtype in place of an array, for tracing without data. */
export const like = (shape: Shape, dtype: ProgramDType = "f32"): { dtype: ProgramDType; shape: Shape } => ({ dtype, shape });
