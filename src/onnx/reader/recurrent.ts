/**
 * LSTM, GRU and RNN layers as scans over the steps of a sequence. With x_t the input and h the state, all gates of a step are
 *
 *   x_t Wᵀ + b_W + h Rᵀ + b_R,     [batch, gates · hidden]
 *
 * whose first part is one product for all steps, before the loop.
 */
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { Call, Operator } from "./call.ts";

type Activation = (x: Tensor) => Tensor;

const activations: Readonly<Record<string, Activation>> = {
  relu: t.relu,
  sigmoid: t.sigmoid,
  softplus: t.softplus,
  softsign: (x) => x.div(x.abs().add(1)),
  tanh: t.tanh,
};

/** Weights of one direction. */
interface Layer {
  /** State weights as [hidden, gates · hidden]. */
  readonly recurrent: Tensor;
  /** [gates · hidden]. */
  readonly recurrentBias: Tensor | undefined;
  readonly peepholes: readonly Tensor[] | undefined;
  readonly f: readonly Activation[];
  readonly hidden: number;
}

/** The next state (h first) from the projected input [batch, gates · hidden] and the state. */
type Step = (c: Call, layer: Layer, input: Tensor, state: readonly Tensor[]) => Tensor[];

interface Kind {
  readonly gates: number;
  /** Names of the usual activations of one direction. */
  readonly usual: readonly string[];
  /** Number of parts of the state. */
  readonly states: number;
  readonly step: Step;
}

const plus = (x: Tensor, bias: Tensor | undefined): Tensor => (bias ? x.add(bias) : x);

/** Gate k of [batch, gates · hidden]. */
const gate = (x: Tensor, k: number, { hidden }: Layer): Tensor => t.slice(x, null, [k * hidden, (k + 1) * hidden]);

const rnn: Step = (c, layer, input, [h]) => [layer.f[0](clipped(c, input.add(plus(t.matmul(h, layer.recurrent), layer.recurrentBias))))];

/** Gates z, r, n: h' = (1 - z) n + z h, with the reset before the product, or behind it (linear_before_reset). */
const gru: Step = (c, layer, input, [h]) => {
  const [f, g] = layer.f;
  const [zr, n] = [
    [0, 2 * layer.hidden],
    [2 * layer.hidden, 3 * layer.hidden],
  ].map(([from, to]) => ({
    weights: t.slice(layer.recurrent, null, [from, to]),
    bias: layer.recurrentBias && t.slice(layer.recurrentBias, [from, to]),
    input: t.slice(input, null, [from, to]),
  }));
  const both = f(clipped(c, zr.input.add(plus(t.matmul(h, zr.weights), zr.bias))));
  const [z, r] = [gate(both, 0, layer), gate(both, 1, layer)];
  const after = c.int("linear_before_reset", 0) !== 0;
  const hidden = after ? r.mul(plus(t.matmul(h, n.weights), n.bias)) : plus(t.matmul(r.mul(h), n.weights), n.bias);
  const next = g(clipped(c, n.input.add(hidden)));
  return [t.sub(1, z).mul(next).add(z.mul(h))];
};

/** Gates i, o, f, c: C' = f C + i c, h' = o tanh C'. Peepholes let gates see the cell. */
const lstm: Step = (c, layer, input, [h, cell]) => {
  const [f, g, last] = layer.f;
  const all = input.add(plus(t.matmul(h, layer.recurrent), layer.recurrentBias));
  const seen = (k: number, at: Tensor, peephole: number): Tensor => {
    const x = gate(all, k, layer);
    return clipped(c, layer.peepholes ? x.add(layer.peepholes[peephole].mul(at)) : x);
  };
  const i = f(seen(0, cell, 0));
  const forget = c.int("input_forget", 0) ? t.sub(1, i) : f(seen(2, cell, 2));
  const next = forget.mul(cell).add(i.mul(g(clipped(c, gate(all, 3, layer)))));
  return [f(seen(1, next, 1)).mul(last(next)), next];
};

/** What an activation takes is kept within ± clip, if the model says so. */
function clipped(c: Call, x: Tensor): Tensor {
  const bound = c.float("clip", 0);
  return bound > 0 ? t.clamp(x, -bound, bound) : x;
}

const kinds: Readonly<Record<"RNN" | "GRU" | "LSTM", Kind>> = {
  RNN: { gates: 1, usual: ["Tanh"], states: 1, step: rnn },
  GRU: { gates: 3, usual: ["Sigmoid", "Tanh"], states: 1, step: gru },
  LSTM: { gates: 4, usual: ["Sigmoid", "Tanh", "Tanh"], states: 2, step: lstm },
};

const recurrent =
  (kind: Kind): Operator =>
  (c) => {
    const direction = c.text("direction", "forward");
    c.require(["forward", "reverse", "bidirectional"].includes(direction), `direction "${direction}"`);
    const directions = direction === "bidirectional" ? 2 : 1;
    const batchFirst = c.int("layout", 0) === 1;
    const x = batchFirst ? t.moveAxis(c.tensor(0), 1, 0) : c.tensor(0);
    const results = Array.from({ length: directions }, (_, d) => oneWay(c, kind, x, d, direction === "reverse" || d === 1, batchFirst));
    const y = t.stack(
      results.map(({ ys }) => ys),
      1,
    ); // [steps, directions, batch, hidden]
    const last = Array.from({ length: kind.states }, (_, k) =>
      t.stack(
        results.map(({ state }) => state[k]),
        0,
      ),
    );
    const outputs = batchFirst ? [t.transpose(y, [2, 0, 1, 3]), ...last.map((s) => t.moveAxis(s, 1, 0))] : [y, ...last];
    return outputs.slice(0, c.outputs);
  };

/** All steps in one direction; where a sequence is over, its state stays and its outputs are 0. */
function oneWay(c: Call, kind: Kind, x: Tensor, d: number, reverse: boolean, batchFirst: boolean): { ys: Tensor; state: Tensor[] } {
  const of = (i: number): Tensor | undefined => {
    const all = c.maybe(i);
    return all && t.slice(all, d);
  };
  const [weights, state] = [of(1) ?? c.fail("the weights are missing"), of(2) ?? c.fail("the weights of the state are missing")];
  const [steps, batch] = x.shape;
  const hidden = state.shape[1];
  c.require(
    c.int("hidden_size", hidden) === hidden && weights.shape[0] === kind.gates * hidden,
    "a hidden_size other than that of the weights",
  );
  const bias = of(3);
  const half = kind.gates * hidden;
  const peepholes = kind.states === 2 ? of(7) : undefined;
  const layer: Layer = {
    recurrent: t.transpose(state),
    recurrentBias: bias && t.slice(bias, [half, 2 * half]),
    peepholes: peepholes && [0, 1, 2].map((k) => t.slice(peepholes, [k * hidden, (k + 1) * hidden])),
    f: activationsOf(c, kind, d),
    hidden,
  };
  const inputs = plus(t.matmul(x, t.transpose(weights)), bias && t.slice(bias, [0, half]));
  const begin = Array.from({ length: kind.states }, (_, k) => {
    const all = c.maybe(5 + k);
    const own = all && (batchFirst ? t.slice(all, null, d) : t.slice(all, d));
    return own ?? t.broadcastTo(t.scalar(0, x.dtype), [batch, hidden]);
  });
  const lengths = c.maybe(4);
  const { carry, ys } = t.scan(
    (h: Tensor[], [input, step]: Tensor[]) => {
      const next = kind.step(c, layer, input, h);
      if (!lengths) return { carry: next, y: next[0] };
      const open = t.expandDims(t.less(step, t.cast(lengths, "i32")), 1);
      return { carry: next.map((s, k) => t.where(open, s, h[k])), y: t.where(open, next[0], 0) };
    },
    begin,
    [inputs, t.iota(steps)],
    { reverse },
  );
  return { ys, state: carry };
}

function activationsOf(c: Call, kind: Kind, d: number): Activation[] {
  const names = c.texts("activations");
  const own = names?.slice(d * kind.usual.length, (d + 1) * kind.usual.length) ?? kind.usual;
  // of the activations that are read none has parameters
  c.ignore("activation_alpha", "activation_beta");
  return own.map((name) => activations[name.toLowerCase()] ?? c.fail(`the activation "${name}" is not supported`));
}

export const recurrentOperators: Readonly<Record<string, Operator>> = Object.fromEntries(
  Object.entries(kinds).map(([name, kind]) => [name, recurrent(kind)]),
);
