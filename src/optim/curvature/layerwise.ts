/** The frame of optimizers that precondition layer by layer with two Kronecker factors, and leave other parameters to a fallback. */
import { mapTree, type NdArray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type Arrays, less, minimum, type Tensor, where } from "../../tensor/index.ts";
import { batchSizeOf } from "../batch-size.ts";
import { type FinishOptions, finish, initVelocity } from "../finish.ts";
import { dtypeOf, type Optimizer, optimizer, type State, type StepContext, scalarArray } from "../optimizer.ts";
import { rounded } from "../preconditioner.ts";
import { counted, type Rate, rateAt, times } from "../schedules.ts";
import { leavesByPath } from "../units.ts";
import {
  type FactorSchedule,
  type LayerMoments,
  type LayerPreconditioner,
  type LayersOfStep,
  layerStatistics,
  renewedFactors,
} from "./layer-factors.ts";
import { type ByPath, type Choice, divide, eachLayer, joinLayer, present, splitLayer } from "./layer-matrices.ts";
import type { Layer } from "./layers.ts";

interface LayerwiseOptions extends FinishOptions, FactorSchedule, Choice {
  /** First steps that move only the factors. */
  readonly burnIn: number;
  /** Bound on η² Σ ⟨U, G⟩ per step; 0: none. */
  readonly klClip: number;
  /** For parameters in no layer, and those of layers that are not chosen. */
  readonly fallback: Optimizer;
}

type LayerwiseState<F> = {
  readonly step: Tensor;
  /** By path of the weight. */
  readonly factors: ByPath<F>;
  readonly velocity: State;
  readonly fallback: State;
  /** Updates of factors in a row that were not finite and therefore dropped. */
  readonly dropped: Tensor;
};

/**
 * U = the preconditioned gradients of the layers,  v ← α v + U + κ W,  W ← W - η v;  other parameters follow the fallback.
 *
 * @throws  UserError in a step without curvature, or with other layers than the state was made for
 */
export function layerwise<F extends object, M extends State & LayerMoments>(
  name: string,
  rate: Rate,
  own: LayerPreconditioner<F, M>,
  options: LayerwiseOptions,
): Optimizer<LayerwiseState<F>> {
  const ofStep = (layers: readonly Layer[], context: StepContext): LayersOfStep => ({
    layers,
    context,
    batchSize: () => wholeBatchSize(name, context),
  });

  const init = (params: object, layers?: readonly Layer[]): Arrays<LayerwiseState<F>> => {
    if (!layers)
      throw new UserError(
        `${name}: needs the layers of the loss to make its state`,
        "init(params, layersOf(loss)(params, ...data).layers), or use training(loss, optimizer)",
      );
    const list = present(layers, leavesByPath(params), options);
    const [covered, rest] = divide<NdArray>(params, list);
    return {
      step: scalarArray(0, params),
      dropped: scalarArray(0, params),
      factors: eachLayer(list, (l) => own.init(l, dtypeOf(params))),
      velocity: initVelocity(covered, options),
      fallback: Object.keys(rest).length ? options.fallback.init(rest, layers) : {},
    };
  };

  const update = <P>(grads: P, state: LayerwiseState<F>, params: P, context: StepContext) => {
    const { step } = state;
    const layers = layersFor(name, params, context, state.factors, options);
    const [g, otherGrads] = divide<Tensor>(grads, layers);
    const [p, otherParams] = divide<Tensor>(params, layers);
    const { factors, bad } = renewedFactors(own, options, step, state.factors, ofStep(layers, context));
    const matrices = eachLayer(layers, (l) => joinLayer(l, g));
    const u = eachLayer(layers, (l) => rounded(options.precision, own.direction)(factors[l.weight], l, matrices[l.weight]));
    const eta = rateAt(rate, step);
    const products = () => layers.map(({ weight }) => u[weight].mul(matrices[weight]));
    const scale = options.klClip ? klScale(products(), eta, options.klClip) : 1;
    const directions: ByPath<Tensor> = Object.assign({}, ...layers.map((l) => splitLayer(l, times(u[l.weight], scale), g)));
    const done = finish(directions, p, state.velocity, eta, options);
    const rest = Object.keys(otherGrads).length
      ? options.fallback.update(otherGrads, state.fallback, otherParams, context)
      : { updates: {}, state: state.fallback };
    const moves = { ...done.updates, ...rest.updates } as ByPath<Tensor>;
    const burning = options.burnIn ? less(step, options.burnIn) : undefined;
    const later = (x: Tensor, before: Tensor | number): Tensor => (burning ? where(burning, before, x) : x);
    return {
      updates: mapTree<P>((_: Tensor, path: string) => later(moves[path], 0), grads),
      state: {
        step: counted(step),
        factors,
        velocity: options.momentum ? mapTree<State>(later, done.velocity, state.velocity) : state.velocity,
        fallback: mapTree<State>(later, rest.state, state.fallback),
        dropped: where(less(bad, 0), state.dropped, where(less(0, bad), counted(state.dropped), 0)),
      },
    };
  };

  const statistics = ({ step, factors }: LayerwiseState<F>, params: unknown, context: StepContext): ByPath<M> =>
    layerStatistics(own, options, step, factors, ofStep(layersFor(name, params, context, factors, options), context));

  return optimizer<LayerwiseState<F>>(init, update, statistics);
}

/** The layers of a step, which must be those that the state was made for. */
function layersFor(name: string, params: unknown, context: StepContext, factors: object, choice: Choice): Layer[] {
  if (!context.curvature)
    throw new UserError(
      `${name}: needs what the layers saw in the step`,
      "take [value, grads, curvature] from withCurvature(loss)(params, ...) and pass { curvature, batchSize } to update, " +
        "or use training(loss, optimizer)",
    );
  const layers = present(context.curvature.layers, leavesByPath(params), choice);
  const [a, b] = [layers.map((l) => l.weight).sort(), Object.keys(factors).sort()];
  if (a.join() !== b.join())
    throw new UserError(
      `${name}: the loss has the layers ${a.join(", ") || "none"}, but the state was made for ${b.join(", ") || "none"}`,
      "make the state with init(params, layersOf(loss)(params, ...data).layers)",
    );
  return layers;
}

/** The batch size as a number: shapes depend on it. */
function wholeBatchSize(name: string, context: StepContext): number {
  const batchSize = batchSizeOf(name, context);
  if (typeof batchSize !== "number") throw new UserError(`${name}: the batch size must be a number, not a tensor`);
  return batchSize;
}

/** min(1, √(c / (η² Σ |⟨U, G⟩|))): the step's Kullback–Leibler size stays below c. Ba, Grosse & Martens, ICLR 2017. */
function klScale(products: readonly Tensor[], eta: number | Tensor, bound: number): Tensor {
  const size = products.map((x) => x.sum().abs()).reduce((a, b) => a.add(b));
  const kl = times(times(size, eta), eta);
  return minimum(kl.pow(-1).mul(bound).sqrt(), 1);
}
