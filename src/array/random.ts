/**
 * Random numbers: seeded, splittable streams on a counter-based generator (Philox4x32-10, Salmon et al., SC 2011).
 *
 * A stream is named by 128 bits (two key words, two counter words); its values are a pure function of the name and a block number,
 * so that its whole state is five integers. Every transformation runs in a WebAssembly kernel of exactly rounded operations: the same
 * seed gives the same bits on every machine.
 */
import { TensorError } from "../errors.ts";
import { allocate, type NdArray, type Shape } from "./ndarray.ts";
import kernelBytes from "./random.wasm.ts";
import { instantiate, type Kernel } from "./wasm.ts";

type Float = "f32" | "f64";
type FloatData = Float32Array | Float64Array;

/** Where a stream stands: plain data, to be kept in a checkpoint. */
export interface RandomState {
  /** Four 32-bit words that name the stream. */
  readonly name: readonly number[];
  /** Blocks of 16 words drawn so far. */
  readonly block: number;
}

/** A stream of random numbers. Each draw moves it forward; streams from `split` and `fold` are independent of it and of each other. */
export interface Random {
  /** Uniform strictly inside (low, high) up to rounding; steps of 2^-23 (f32) or 2^-52 (f64) of the width. */
  uniform<D extends Float = "f32">(shape: Shape, dtype?: D, low?: number, high?: number): NdArray<D>;
  /** Standard normal (Box-Muller in double precision, |x| < 8.6). */
  normal<D extends Float = "f32">(shape: Shape, dtype?: D): NdArray<D>;
  /** Standard normal conditioned on low <= x <= high; exact also far in a tail. */
  truncatedNormal<D extends Float = "f32">(shape: Shape, low: number, high: number, dtype?: D): NdArray<D>;
  /** Exponential of rate 1. */
  exponential<D extends Float = "f32">(shape: Shape, dtype?: D): NdArray<D>;
  /** Standard Gumbel: argmax(log w + gumbel) is a draw from the categorical distribution w. */
  gumbel<D extends Float = "f32">(shape: Shape, dtype?: D): NdArray<D>;
  /** 1 with the given probability, else 0. */
  bernoulli(probability: number, shape: Shape): NdArray<"bool">;
  /** Uniform integers, low <= n < high. */
  integers(low: number, high: number, shape: Shape): NdArray<"i32">;
  /** Indices i with probability weights[i] / sum(weights). */
  categorical(weights: ArrayLike<number>, shape: Shape): NdArray<"i32">;
  /** A uniform permutation of 0 .. n - 1. */
  permutation(n: number): NdArray<"i32">;
  /** Overwrites an array with standard normals. */
  fillNormal(target: FloatData): void;
  /** Overwrites an array with uniforms on (0, 1). */
  fillUniform(target: FloatData): void;
  /** n new streams; a later split gives others. */
  split(n: number): Random[];
  /** The stream of this name and a label. Does not depend on what was drawn, and draws nothing. */
  fold(label: string | number): Random;
  state(): RandomState;
}

/** The stream of a seed: a non-negative integer or any text. */
export function randomStream(seed: number | string): Random {
  return stream(foldName([0, 0, 0, 0], seed), 0);
}

/** Continues a stream where `state()` was taken. */
export function randomFromState(state: RandomState): Random {
  const words = state?.name;
  const valid = Array.isArray(words) && words.length === 4 && words.every((w) => Number.isInteger(w) && w === w >>> 0);
  if (!valid || !Number.isSafeInteger(state.block) || state.block < 0)
    throw new TensorError(`randomFromState: not a random state: ${JSON.stringify(state)}`);
  return stream([...words], state.block);
}

interface Functions {
  bits(k0: number, k1: number, c0: number, c1: number, c2: number, c3: number, blocks: number): void;
  uniform32(blocks: number): void;
  uniform64(blocks: number): void;
  negativeLog(blocks: number): void;
  boxMuller(blocks: number): void;
  narrow(blocks: number): void;
}

/** Blocks that the kernel makes at a time, in the first half of its 64 KiB page. */
const capacity = 512;
let kernel: (Kernel<Functions> & { f32: Float32Array; f64: Float64Array; u32: Uint32Array }) | undefined;

function load() {
  if (!kernel) {
    const { call, memory } = instantiate<Functions>(kernelBytes, 1);
    const { buffer } = memory;
    kernel = { call, memory, f32: new Float32Array(buffer), f64: new Float64Array(buffer), u32: new Uint32Array(buffer) };
  }
  return kernel;
}

/** Kernel passes that turn words into numbers; `uniform32` and `narrow` leave singles in the buffer, the others doubles. */
const recipes = {
  uniform32: ["uniform32"],
  uniform64: ["uniform64"],
  normal32: ["uniform64", "boxMuller", "narrow"],
  normal64: ["uniform64", "boxMuller"],
  exponential: ["uniform64", "negativeLog"],
  gumbel: ["uniform64", "negativeLog", "negativeLog"],
} satisfies Record<string, (keyof Omit<Functions, "bits">)[]>;

type Recipe = keyof typeof recipes;

function stream(name: readonly number[], block: number): Random {
  const [k0, k1, n0, n1] = name;

  /** Fills the target and moves on by whole blocks: what a draw leaves of its last block is dropped. */
  function fill(target: FloatData, recipe: Recipe): void {
    const { call, f32, f64 } = load();
    const perBlock = recipe === "uniform32" ? 16 : 8;
    for (let at = 0; at < target.length; ) {
      // a chunk ends where the low counter word would wrap
      const blocks = Math.min(capacity, Math.ceil((target.length - at) / perBlock), 2 ** 30 - (block % 2 ** 30));
      call.bits(k0, k1, (block % 2 ** 30) * 4, Math.floor(block / 2 ** 30), n0, n1, blocks);
      for (const pass of recipes[recipe]) call[pass](blocks);
      const values = recipe.endsWith("32") ? f32 : f64;
      const count = Math.min(blocks * perBlock, target.length - at);
      target.set(values.subarray(0, count), at);
      at += count;
      block += blocks;
    }
  }

  function draw<D extends Float>(shape: Shape, dtype: D, recipe: Recipe): NdArray<D> {
    const result = allocate(dtype, shape);
    fill(result.data as FloatData, recipe);
    return result;
  }

  /** Doubles on (0, 1), for the discrete distributions. */
  function uniforms(n: number): Float64Array {
    const u = new Float64Array(n);
    fill(u, "uniform64");
    return u;
  }

  const random: Random = {
    uniform<D extends Float>(shape: Shape, dtype = "f32" as D, low = 0, high = 1) {
      if (!(low < high && Number.isFinite(high - low))) throw new TensorError(`uniform: empty or infinite interval (${low}, ${high})`);
      const result = draw(shape, dtype, dtype === "f32" ? "uniform32" : "uniform64");
      const data = result.data as FloatData;
      if (low !== 0 || high !== 1) for (let i = 0; i < data.length; i++) data[i] = low + (high - low) * data[i];
      return result;
    },
    normal: <D extends Float>(shape: Shape, dtype = "f32" as D) => draw(shape, dtype, dtype === "f64" ? "normal64" : "normal32"),
    exponential: <D extends Float>(shape: Shape, dtype = "f32" as D) => draw(shape, dtype, "exponential"),
    gumbel: <D extends Float>(shape: Shape, dtype = "f32" as D) => draw(shape, dtype, "gumbel"),
    truncatedNormal<D extends Float>(shape: Shape, low: number, high: number, dtype = "f32" as D) {
      if (!(low < high)) throw new TensorError(`truncatedNormal: empty interval [${low}, ${high}]`);
      const result = allocate(dtype, shape);
      fillTruncated(result.data as FloatData, low, high, fill);
      return result;
    },
    bernoulli(probability, shape) {
      if (!(probability >= 0 && probability <= 1)) throw new TensorError(`bernoulli: probability ${probability} is not in [0, 1]`);
      const result = allocate("bool", shape);
      uniforms(result.data.length).forEach((u, i) => {
        result.data[i] = u < probability ? 1 : 0;
      });
      return result;
    },
    integers(low, high, shape) {
      const valid = Number.isInteger(low) && Number.isInteger(high) && low < high && low >= -(2 ** 31) && high <= 2 ** 31;
      if (!valid) throw new TensorError(`integers: [${low}, ${high}) is not a range of 32-bit integers`);
      const result = allocate("i32", shape);
      // 52-bit u: no integer's probability is off by more than a factor 1 + (high - low) / 2^52
      uniforms(result.data.length).forEach((u, i) => {
        result.data[i] = low + Math.floor(u * (high - low));
      });
      return result;
    },
    categorical(weights, shape) {
      const cumulative = cumulate(weights);
      const result = allocate("i32", shape);
      uniforms(result.data.length).forEach((u, i) => {
        result.data[i] = firstAbove(cumulative, u * cumulative[cumulative.length - 1]);
      });
      return result;
    },
    permutation(n) {
      if (!(Number.isInteger(n) && n >= 0)) throw new TensorError(`permutation: ${n} is not a length`);
      const result = allocate("i32", [n]);
      const p = result.data;
      const u = uniforms(n);
      for (let i = 0; i < n; i++) {
        // inside-out Fisher-Yates: value i enters at a uniform place among the first i + 1
        const j = Math.floor(u[i] * (i + 1));
        p[i] = p[j];
        p[j] = i;
      }
      return result;
    },
    fillNormal: (target) => fill(target, target instanceof Float32Array ? "normal32" : "normal64"),
    fillUniform: (target) => fill(target, target instanceof Float32Array ? "uniform32" : "uniform64"),
    split(n) {
      if (!(Number.isInteger(n) && n >= 0)) throw new TensorError(`split: ${n} is not a number of streams`);
      const { call, u32 } = load();
      return Array.from({ length: n }, () => {
        call.bits(k0, k1, (block % 2 ** 30) * 4, Math.floor(block / 2 ** 30), n0, n1, 1);
        block++;
        return stream([...u32.subarray(0, 4)], 0);
      });
    },
    fold: (label) => stream(foldName(name, label), 0),
    state: () => ({ name: [...name], block }),
  };
  return random;
}

/**
 * The name of a child stream: one Philox block keyed by the parent, at a counter that holds the label and that no draw reaches
 * (draws keep the second counter word below 2^23; integers set its top bit, text its two top bits).
 */
function foldName(name: readonly number[], label: number | string): number[] {
  if (typeof label === "number") {
    if (!(Number.isSafeInteger(label) && label >= 0))
      throw new TensorError(`random stream: label or seed ${label} is not a non-negative integer below 2^53`);
    return hash(name, label % 2 ** 32, 2 ** 31 + Math.floor(label / 2 ** 32));
  }
  for (let i = 0; i < label.length; i += 3) {
    const [a, b, c] = [0, 1, 2].map((j) => (i + j < label.length ? label.charCodeAt(i + j) : 0));
    name = hash(name, a + b * 2 ** 16, 2 ** 31 + 2 ** 30 + c);
  }
  return hash(name, label.length, 2 ** 31 + 2 ** 30 + 2 ** 29);
}

function hash([k0, k1, n0, n1]: readonly number[], c0: number, c1: number): number[] {
  const { call, u32 } = load();
  call.bits(k0, k1, c0, c1, n0, n1, 1);
  // lane 0 of each of the four output words
  return [u32[0], u32[4], u32[8], u32[12]];
}

/**
 * Standard normals on [low, high] by rejection: from the normal itself, a uniform, or a shifted exponential of rate a, whichever accepts
 * often (Robert, Statistics and Computing 5, 1995). "u < exp(-h)" is tested as "exponential > h": no exp, the same bits everywhere.
 */
function fillTruncated(target: FloatData, low: number, high: number, fill: (t: FloatData, r: Recipe) => void): void {
  const mirrored = high < 0;
  const [a, b] = mirrored ? [-high, -low] : [low, high];
  const floor = Math.max(a, 0); // where the density is highest
  const rate = (floor + Math.sqrt(floor * floor + 4)) / 2;
  const kind = a > 0 ? ((b - a) * rate < 1 ? "uniform" : "exponential") : b - a < 2.5 ? "uniform" : "normal";
  for (let filled = 0; filled < target.length; ) {
    const proposal = new Float64Array(Math.ceil((target.length - filled) * 1.5) + 8);
    const exponential = new Float64Array(kind === "normal" ? 0 : proposal.length);
    fill(proposal, kind === "normal" ? "normal64" : kind === "uniform" ? "uniform64" : "exponential");
    fill(exponential, "exponential");
    for (let i = 0; i < proposal.length && filled < target.length; i++) {
      const p = proposal[i];
      const x = kind === "normal" ? p : kind === "uniform" ? a + (b - a) * p : a + p / rate;
      const reject = kind === "normal" ? 0 : kind === "uniform" ? (x * x - floor * floor) / 2 : (x - rate) ** 2 / 2;
      if (x >= a && x <= b && (kind === "normal" || exponential[i] > reject)) target[filled++] = mirrored ? -x : x;
    }
  }
}

function cumulate(weights: ArrayLike<number>): Float64Array {
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0)) throw new TensorError(`categorical: weight ${i} is ${weights[i]}`);
    cumulative[i] = total += weights[i];
  }
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) throw new TensorError(`categorical: the weights add up to ${total}`);
  return cumulative;
}

/** First index whose cumulative weight is above the value; rounding up to the total still gives an index of positive weight. */
function firstAbove(cumulative: Float64Array, value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  if (value >= cumulative[high]) value = cumulative[high] * (1 - 2 ** -52);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
