/** Learned twists: a network on the model's last hidden state gives log ψ for every next token. */
import { mapTree, type NdArray, type Random, sizeOf } from "../../array/index.ts";
import { type Dense, dense, initializers, type Mlp } from "../../nn/index.ts";
import { type Arrays, constant, jit, logSigmoid, relu, type Tensor, take } from "../../tensor/index.ts";
import type { Prefixes, Twist } from "./twist.ts";

/** Layers from the hidden state (and an observation, where there is one) to the vocabulary. */
export interface HeadParameters<T = Tensor> {
  readonly layers: Mlp<T>;
  /** log Z of trajectory balance, and the values of PPO: learned beside ψ. */
  readonly logZ: T;
  readonly value: Dense<T>;
}

export interface HeadOptions {
  /** d → V, or d → d → d → V with ReLU. */
  readonly kind: "linear" | "mlp";
  /** ψ = sigmoid(z), a probability: FUDGE. */
  readonly bounded: boolean;
}

/** Rows of hidden states may have other axes before the last. */
export const head = {
  /**
   * ψ = 1 at first (of a bounded head, 1/2): the last layer starts at zero, so that q = p0.
   *
   * @param width  d, of an observation too
   * @param size   V
   */
  init(
    rng: Random,
    width: number,
    size: number,
    { kind }: Pick<HeadOptions, "kind">,
    dtype: "f32" | "f64" = "f32",
  ): HeadParameters<NdArray> {
    const sizes = kind === "linear" ? [width, size] : [width, width, width, size];
    const streams = rng.split(sizes.length - 1);
    const layers = streams.map((stream, i) =>
      dense.init(stream, sizes[i], sizes[i + 1], { dtype, ...(i === sizes.length - 2 && { initializer: initializers.zeros }) }),
    );
    const scalar: NdArray = { dtype, shape: [], data: dtype === "f64" ? new Float64Array(1) : new Float32Array(1) };
    return { layers, logZ: scalar, value: dense.init(rng.fold("value"), width, 1, { dtype, initializer: initializers.zeros }) };
  },

  /** log ψ(v) for all v: [..., d] -> [..., V] */
  all({ layers }: HeadParameters, hidden: Tensor, { bounded }: Pick<HeadOptions, "bounded">): Tensor {
    const z = dense.apply(layers[layers.length - 1], features(layers, hidden));
    return bounded ? logSigmoid(z) : z;
  },

  /** The same for one token each: [n, d] and [n] -> [n]. Only their columns of the last layer are multiplied. */
  selected({ layers }: HeadParameters, hidden: Tensor, tokens: Tensor, { bounded }: Pick<HeadOptions, "bounded">): Tensor {
    const { w, b } = layers[layers.length - 1];
    const columns = take(w.transpose(), tokens);
    const z = features(layers, hidden).mul(columns).sum(-1);
    const shifted = b ? z.add(take(b, tokens)) : z;
    return bounded ? logSigmoid(shifted) : shifted;
  },
};

const features = (layers: Mlp, hidden: Tensor): Tensor => layers.slice(0, -1).reduce((h, layer) => relu(dense.apply(layer, h)), hidden);

/** How a learned twist is used. */
export interface HeadTwistOptions extends HeadOptions {
  readonly name: string;
  readonly proposalOnly?: boolean;
  /** It is learned no more: programs are compiled for its weights, which saves reading and packing them at every token. */
  readonly frozen?: boolean;
}

/**
 * A learned twist.
 *
 * @param observations  [populations, c], what each population's twist is told besides; without it only the hidden state
 */
export function headTwist(params: HeadParameters<NdArray>, options: HeadTwistOptions, observations?: NdArray): Twist {
  const next = headProgram(params, options);
  const dtype = params.layers[0].w.dtype;
  return {
    name: options.name,
    proposalOnly: options.proposalOnly,
    next: (prefixes) => next(withObservations(prefixes, observations, dtype)),
  };
}

/** log ψ of every next token from rows of states, [rows, d] -> [rows, V]. */
export const headProgram = (
  params: HeadParameters<NdArray>,
  { bounded, frozen }: Pick<HeadTwistOptions, "bounded" | "frozen">,
): ((hidden: NdArray) => Promise<NdArray>) =>
  frozen ? frozenProgram(params, bounded) : (hidden) => program(bounded)(onlyHead(params), hidden);

/** What a head has, of parameters that have more. */
const onlyHead = ({ layers, logZ, value }: HeadParameters<NdArray>): HeadParameters<NdArray> => ({ layers, logZ, value });

const all = (params: HeadParameters, hidden: Tensor, bounded: boolean): Tensor =>
  head.all(params, hidden.cast(params.layers[0].w.dtype), { bounded });

const programs = new Map<boolean, (params: Arrays<HeadParameters>, hidden: NdArray) => Promise<NdArray>>();
function program(bounded: boolean) {
  let found = programs.get(bounded);
  if (!found) {
    found = jit((params: HeadParameters, hidden: Tensor) => all(params, hidden, bounded));
    programs.set(bounded, found);
  }
  return found;
}

const frozenPrograms = new WeakMap<HeadParameters<NdArray>, (hidden: NdArray) => Promise<NdArray>>();
function frozenProgram(params: HeadParameters<NdArray>, bounded: boolean) {
  let found = frozenPrograms.get(params);
  if (!found) {
    found = jit((hidden: Tensor) =>
      all(
        mapTree<HeadParameters>((a: NdArray) => constant(a), onlyHead(params)),
        hidden,
        bounded,
      ),
    );
    frozenPrograms.set(params, found);
  }
  return found;
}

/** Hidden states with the observation of their population beside them. */
export function withObservations(
  { hidden, rows, population }: Pick<Prefixes, "hidden" | "rows" | "population">,
  observations: NdArray | undefined,
  dtype: string,
): NdArray {
  if (!observations) return hidden;
  const [d, c] = [hidden.shape[1], sizeOf(observations.shape.slice(1))];
  const data = dtype === "f64" ? new Float64Array(rows * (d + c)) : new Float32Array(rows * (d + c));
  for (let row = 0; row < rows; row++) {
    const at = population(row) * c;
    data.set(hidden.data.subarray(row * d, (row + 1) * d) as Float64Array, row * (d + c));
    data.set(observations.data.subarray(at, at + c) as Float64Array, row * (d + c) + d);
  }
  return { dtype: dtype === "f64" ? "f64" : "f32", shape: [rows, d + c], data } as NdArray;
}
