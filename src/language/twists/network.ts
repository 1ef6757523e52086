/** Learned twists of every form: which state they read, and what their output means. */
import { mapTree, type NdArray, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { concat, constant, type Tensor, takeAlong } from "../../tensor/index.ts";
import type { Twisted } from "../learning/losses.ts";
import type { Rollout } from "../learning/rollout.ts";
import type { LanguageModel } from "../model.ts";
import { isTransformer } from "../models/transformer.ts";
import { type Body, type BodyParameters, trainedBody } from "./body.ts";
import { type HeadOptions, type HeadParameters, head, headProgram, headTwist, withObservations } from "./head.ts";
import { ratioOf, ratioTwist } from "./ratio.ts";
import type { Twist } from "./twist.ts";

export const twistBodies = ["frozen", "copy", "lora"] as const;
export const twistForms = ["psi", "p-psi", "ratio"] as const;

export interface TwistShape {
  readonly kind: HeadOptions["kind"];
  /** Whose state the head reads: the frozen model's, that of a copy which is trained with it, or that of the model with low-rank changes. */
  readonly body: (typeof twistBodies)[number];
  /** r of low-rank changes. */
  readonly rank: number;
  /**
   * What comes out of it: log ψ; log (p0 ψ), on the scale of the model's logits, by the output layer of a copy; or log ψ' with
   * ψ = ψ' q / p0, where q is a proposal that was learned before.
   */
  readonly form: (typeof twistForms)[number];
}

export interface TwistParameters<T = Tensor> extends HeadParameters<T>, BodyParameters<T> {}

/** Of a twist: pure functions of its parameters. */
export interface TwistNetwork {
  /** Rollouts must have the logits of every next token, whatever the loss. */
  readonly everyToken: boolean;
  /** ψ = 1 at first (of a ratio: ψ = q / p0; bounded: ψ = 1/2). */
  readonly init: (rng: Random) => TwistParameters<NdArray>;
  readonly apply: (params: TwistParameters, rollout: Rollout, everyToken: boolean) => Twisted;
  readonly twist: (params: TwistParameters<NdArray>, use: TwistUse, observations?: NdArray) => Twist;
}

export interface TwistUse {
  readonly name: string;
  readonly proposalOnly?: boolean;
  /** Learned no more: its programs are compiled for its weights. */
  readonly frozen?: boolean;
}

export interface TwistNetworkOptions {
  readonly dtype: "f32" | "f64";
  /** ψ is a probability. */
  readonly bounded: boolean;
  /** Width of what it is told besides the state: 0, or that of an observation. A trained body is told the frozen model's state of it. */
  readonly observed: number;
  /** q of a ratio. */
  readonly around?: LearnedTwist;
}

/** A twist that is learned no more. */
export interface LearnedTwist {
  readonly network: TwistNetwork;
  readonly params: TwistParameters<NdArray>;
  readonly observed: number;
}

/** @throws UserError  for a form that the model, or what the twist is for, cannot have */
export function checkShape(
  model: LanguageModel,
  { body, form }: TwistShape,
  { bounded, observed, around }: Omit<TwistNetworkOptions, "dtype">,
): void {
  if (body !== "frozen" && !isTransformer(model))
    throw new UserError(
      `${model.name}: a twist with a body of its own (${body}) needs the weights of the model, and only those of our own kinds can be trained`,
      "--body frozen; or a run of train, a llama2.c .bin or the built-in model",
    );
  if (form === "p-psi" && body === "frozen")
    throw new UserError("log (p0 ψ) is learned by an output layer that begins as the model's own", "--body copy, or --body lora");
  if (form === "p-psi" && observed > 0)
    throw new UserError("the output layer of a copy cannot be told what must follow", "--form psi, for --infill");
  if (form !== "psi" && bounded)
    throw new UserError("this loss learns a twist that is a probability, and only the output log ψ can be bounded so", "--form psi");
  if ((form === "ratio") !== (around !== undefined))
    throw new UserError(
      form === "ratio" ? "a ratio is learned around a proposal, and there is none" : "a twist to learn around is for ratios",
      "--form ratio --around twist.safetensors",
    );
  if (around && around.observed > 0 && observed === 0)
    throw new UserError("the twist to learn around is told what must follow, and here nothing is", "one that was learned without --infill");
}

/**
 * @param prompt  that texts go on from, for bodies of its own
 * @throws UserError  see `checkShape`
 * @source  Zhao et al., ICML 2024, appendix G.2
 */
export function twistNetwork(
  model: LanguageModel,
  prompt: readonly number[],
  shape: TwistShape,
  options: TwistNetworkOptions,
): TwistNetwork {
  checkShape(model, shape, options);
  const { kind, body: bodyKind, rank, form } = shape;
  const { dtype, bounded, observed, around } = options;
  const width = model.width + observed;
  const body = bodyKind === "frozen" || !isTransformer(model) ? undefined : trainedBody(model, prompt, { kind: bodyKind, rank, dtype });
  const own = form === "p-psi";

  /** [K, T, d + c]: state of its body, and the observation behind that of the frozen one. */
  const statesOf = (params: TwistParameters, { hidden, tokens }: Rollout): Tensor => {
    const [K, T] = tokens.shape;
    const part = (from: number, to: number): Tensor =>
      from === 0 && to === hidden.shape[2] ? hidden : hidden.slice([0, K], [0, T], [from, to]);
    if (!body) return part(0, width);
    const states = body.states(params, tokens);
    return observed > 0 ? concat([states, part(model.width, width)], 2) : states;
  };
  const outputOf = (params: TwistParameters): HeadParameters => (own ? { ...params, layers: [body!.output(params)] } : params);
  const everyOf = (params: TwistParameters, rollout: Rollout): Twisted & { readonly all: Tensor } => {
    const out = head.all(outputOf(params), statesOf(params, rollout), { bounded });
    const all = own ? out.sub(rollout.logits) : out;
    const selected = takeAlong(all, rollout.tokens.expandDims(2)).reshape(rollout.tokens.shape);
    if (!around) return { rollout, all, selected };
    const frozen = mapTree<TwistParameters>((a: NdArray) => constant(a), around.params);
    return ratioOf({ rollout, all, selected }, around.network.apply(frozen, rollout, true).all!);
  };

  return {
    everyToken: form !== "psi",
    init: (rng) => ({
      ...head.init(rng, width, model.tokenizer.size, { kind }, dtype),
      ...(own && { layers: [] }),
      ...body?.init(rng.fold("body")),
    }),

    apply(params, rollout, everyToken) {
      if (everyToken || form !== "psi") return everyOf(params, rollout);
      const [K, T] = rollout.tokens.shape;
      const states = statesOf(params, rollout);
      const selected = head.selected(params, states.reshape([K * T, states.shape[2]]), rollout.tokens.reshape([K * T]), { bounded });
      return { rollout, selected: selected.reshape([K, T]) };
    },

    twist(params, use, observations) {
      const told = observed > 0 ? observations : undefined;
      const inner = body
        ? bodyTwist(params, body, { ...use, bounded, own, dtype }, told)
        : headTwist(params, { ...use, kind, bounded }, told);
      if (!around) return inner;
      const seen = around.observed > 0 ? observations : undefined;
      return ratioTwist(inner, around.network.twist(around.params, { name: "q", frozen: true }, seen), use.name);
    },
  };
}

interface BodyUse extends TwistUse {
  readonly bounded: boolean;
  readonly own: boolean;
  readonly dtype: "f32" | "f64";
}

/** A twist with a decoder of its own, whose cache follows the rows. */
function bodyTwist(
  params: TwistParameters<NdArray>,
  body: Body,
  { name, proposalOnly, frozen = false, bounded, own, dtype }: BodyUse,
  observations: NdArray | undefined,
): Twist {
  const start = body.start(params, frozen);
  return {
    ...{ name, proposalOnly },
    async start(prompt, rows) {
      const decoding = await start(prompt, rows);
      const next = own ? undefined : headProgram(params, { bounded, frozen });
      return {
        next: (prefixes) =>
          next
            ? next(withObservations({ ...prefixes, hidden: decoding.next.hidden }, observations, dtype))
            : difference(decoding.next.logits, prefixes.logits),
        append: decoding.append,
        select: decoding.select,
        close: decoding.close,
      };
    },
  };
}

/** a - b; where both are -∞, what is impossible stays so whatever ψ is: 0. */
function difference(a: NdArray, b: NdArray): NdArray {
  const data = a.data.slice() as Float64Array;
  const other = b.data as Float64Array;
  for (let i = 0; i < data.length; i++) data[i] = other[i] === Number.NEGATIVE_INFINITY ? 0 : data[i] - other[i];
  return { ...a, data } as NdArray;
}
