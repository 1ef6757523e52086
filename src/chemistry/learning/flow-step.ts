/** One step of a flow: energies, gradients, direction, update, and the chain that follows. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Parameters } from "../ansatz/ansatz.ts";
import { transportCost } from "../flows/costs.ts";
import { clippedEnergies, meanOfValues, quantile, scoreMask, usualClipping } from "../flows/robust.ts";
import { solverOf } from "../solvers/choose.ts";
import type { KroneckerArrays, Solver, Step } from "../solvers/solver.ts";
import { allFinite, combined, flattened, inner, unflattened } from "../solvers/vector.ts";
import { revived } from "../walkers/revive.ts";
import type { Walk } from "../walkers/walk.ts";
import { carryProgram, energyProgram, factorProgram, gradientProgram, rowProgram, zeroFactors } from "./programs.ts";
import type { LearningSettings } from "./settings.ts";
import { adapted, type FlowMemory, scalarArray, valueOf, type WaveProblem, type WaveState } from "./state.ts";

/** How much of the moving average of Kronecker factors is kept. @source  the authors' code of arXiv 2307.07050 */
const keep = 0.95;
/** Steps in a row without an update after which a run stops. */
const patience = 10;
/** λ grows by this where a step fails, and shrinks back by a little where one succeeds. */
const [harder, easier] = [3, 0.98];

const singles = (values: Float64Array): NdArray => ndarray(Float32Array.from(values), [values.length], "f32");
const numbersOf = ({ data }: NdArray): Float32Array => data as Float32Array;

/** Weights w_W and w_FR at a share of the run. */
export function weightsAt({ flow, transportWeight: [from, to], reweightingWeight }: LearningSettings, share: number) {
  const transport = from + (to - from) * share;
  return { transport: flow === "fr" ? 0 : flow === "w" ? 1 : transport, reweighting: flow === "w" ? 0 : reweightingWeight };
}

/** S / (1 - ρ^t): what an average that began at zero lacks. */
function unbiased({ linear, other }: KroneckerArrays, share: number): KroneckerArrays {
  const scaled = ({ data, shape }: NdArray): NdArray =>
    ndarray(
      Float64Array.from(data as Float32Array, (v) => v / share),
      shape,
      "f64",
    );
  return {
    linear: Object.fromEntries(
      Object.entries(linear).map(([name, { inputs, outputs }]) => [name, { inputs: scaled(inputs), outputs: scaled(outputs) }]),
    ),
    other: Object.fromEntries(Object.entries(other).map(([name, block]) => [name, scaled(block)])),
  };
}

/**
 * A step of a flow. θ ← θ - c η v, v = (F + λ)⁻¹ (w_W g_W + w_FR g_FR), c = min(1, √(C / (η² vᵀg))). Where something is no number the step has no
 * update and λ grows; after ten in a row the run stops.
 *
 * @source  algorithm of arXiv 2307.07050, with the solvers of `solvers`
 */
export function flowStep({ system, ansatz, settings, field }: WaveProblem, move: Walk<Parameters<Tensor>>) {
  const { flow, cost: costName, kappa, rate, delay, damping, normConstraint, clip, movesPerStep, steps, carry, lookAhead } = settings;
  const cost = flow === "fr" ? undefined : transportCost(costName, kappa);
  const solver: Solver = solverOf(settings.solver, flow === "fr");
  const energies = energyProgram(system, ansatz, cost !== undefined, field);
  const withFactors = factorProgram(system, ansatz, cost, lookAhead);
  const withRows = rowProgram(system, ansatz, cost, lookAhead);
  const plain = gradientProgram(system, ansatz, cost, lookAhead);
  const carrying = carryProgram(cost ?? transportCost("l2"));

  /** Gradients, and what the solver asks besides. */
  async function gradients(state: WaveState, drives: Drives): Promise<Derived> {
    const { parameters, x, memory } = state;
    if (solver.curvature === "factors") {
      const { gradients: g, factors } = await withFactors(parameters, x, drives, { factors: memory.factors, keep });
      const share = valueOf(memory.share) * keep + 1 - keep;
      return { g, memory: { ...memory, factors, share: scalarArray(share) }, curvature: unbiased(factors, share) };
    }
    if (solver.curvature === "none") return { g: (await plain(parameters, x, drives)).gradients, memory, curvature: undefined };
    const { gradients: g, rows } = await withRows(parameters, x, drives);
    return { g, memory, curvature: rows };
  }

  return {
    async init(parameters: Parameters<NdArray>, x: NdArray): Promise<FlowMemory> {
      const none: KroneckerArrays = { linear: {}, other: {} };
      const factors = solver.curvature === "factors" ? await zeroFactors(system, ansatz)(parameters, x) : none;
      return { solver: solver.init(parameters), factors, share: scalarArray(0) };
    },

    /** @param t  steps of the flow done */
    async step(state: WaveState, t: number, rng: Random): Promise<{ state: WaveState; metrics: Record<string, number> }> {
      const at = await energies(state.parameters, state.x);
      const e = numbersOf(at.energy);
      const { centred, lost, clipped } = clippedEnergies(e, { ...usualClipping, width: clip });
      if (lost > e.length / 2)
        throw new UserError(`step ${t + 1}: ${lost} of ${e.length} walkers have no energy`, "lower --rate, or give another --seed");
      const masks = singles(scoreMask(numbersOf(at.scores), clip));
      const { g, memory, curvature } = await gradients(state, { slope: at.slope, masks, energies: singles(centred) });
      const weights = weightsAt(settings, t / steps);
      const fisherRao = flattened(g.fisherRao);
      const gradient = g.wasserstein
        ? combined(weights.reweighting, fisherRao, weights.transport, flattened(g.wasserstein))
        : fisherRao.map((v) => weights.reweighting * v);
      const lambda = damping * valueOf(state.dampingScale);
      const residuals = centred.map((v) => v / Math.sqrt(centred.length));
      const asked: Step = { gradient, residuals, curvature, parameters: state.parameters, damping: lambda };
      const found = allFinite(gradient) ? await solver.direction(asked, memory.solver) : undefined;
      const eta = rate / (1 + t / delay);
      const updated = found && allFinite(found.vector) ? update(state.parameters, found.vector, gradient, eta) : undefined;
      const after = updated && found ? accepted(state, updated.parameters, { ...memory, solver: found.memory }) : refused(state);
      if (valueOf(after.inARow) >= patience)
        throw new UserError(`${patience} steps in a row without an update at step ${t + 1}`, "lower --rate, or raise --damping");
      const carried = carry > 0 && cost ? await carrying(state.x, at.slope, carry) : state.x;
      const width = valueOf(state.width);
      const walked = await move(carried, movesPerStep, width, after.parameters, rng);
      const alive = revived(system, walked.x, walked.logDensity, rng);
      const known = e.filter(Number.isFinite);
      const mean = meanOfValues(known);
      const variance = meanOfValues(known.map((v) => (v - mean) ** 2));
      return {
        state: { ...after, x: alive.x, width: scalarArray(adapted(width, walked.acceptance)) },
        metrics: {
          energy: mean,
          variance,
          ...(cost && { slope: quantile(numbersOf(at.steepness).filter(Number.isFinite), 0.5) }),
          kinetic: meanOfValues(numbersOf(at.kinetic).filter(Number.isFinite)),
          acceptance: walked.acceptance,
          width,
          scale: updated?.scale ?? 0,
          ...(found?.apply && cost && { cosine: cosine(found.vector, gradient, fisherRao, found.apply) }),
          clipped: clipped / e.length,
          lost: lost + alive.count,
          skipped: updated ? 0 : 1,
        },
      };
    },
  };

  function update(parameters: Parameters<NdArray>, v: Float64Array, g: Float64Array, eta: number) {
    const size = eta * eta * inner(v, g);
    const scale = solver.curvature === "none" || !(size > 0) ? 1 : Math.min(1, Math.sqrt(normConstraint / size));
    const next = combined(1, flattened(parameters), -eta * scale, v);
    return allFinite(next) ? { parameters: unflattened(next, parameters), scale } : undefined;
  }
}

/** What a step computes from walkers, as the programs take it. */
interface Drives {
  readonly slope: NdArray;
  readonly masks: NdArray;
  readonly energies: NdArray;
}

interface Derived {
  readonly g: { readonly fisherRao: Parameters<NdArray>; readonly wasserstein?: Parameters<NdArray> };
  readonly memory: FlowMemory;
  readonly curvature: Step["curvature"];
}

const accepted = (state: WaveState, parameters: Parameters<NdArray>, memory: FlowMemory): WaveState => ({
  ...state,
  ...{ parameters, memory, inARow: scalarArray(0) },
  dampingScale: scalarArray(Math.max(1, valueOf(state.dampingScale) * easier)),
});

const refused = (state: WaveState): WaveState => ({
  ...state,
  skipped: scalarArray(valueOf(state.skipped) + 1),
  inARow: scalarArray(valueOf(state.inARow) + 1),
  dampingScale: scalarArray(valueOf(state.dampingScale) * harder),
});

/**
 * cos = g_FR · v / √((vᵀFv) (g_FRᵀ F⁻¹ g_FR)), the angle in the metric F between the flow and that which lowers the energy fastest: the change of the
 * energy to first order is -η g_FR · v, so that below 0 the energy rises. vᵀFv = vᵀg by the same damped F.
 */
function cosine(v: Float64Array, g: Float64Array, fisherRao: Float64Array, inverse: (g: Float64Array) => Float64Array): number {
  const norm = Math.sqrt(inner(v, g) * inner(fisherRao, inverse(fisherRao)));
  return norm > 0 ? inner(fisherRao, v) / norm : 1;
}
