/**
 * Wasserstein Lagrangian flows: the path of least action through snapshots, and its velocity. The action s and the path ρ (a generator)
 * play
 *
 *   S = inf_ρ sup_s  E_1[s_1] - E_0[s_0] - ∫ E_t[Λ_t] dt,
 *
 * s by descending the action-matching loss on the present path, ρ by ascending the residual Λ. At the saddle Λ = 0 on the path. With noise
 * σ the action is that of the Schrödinger bridge after its change of variable, Φ = s + (σ²/2) log ρ, which makes the objective linear in ρ
 * again. An energy of pairs U[ρ] = ½ ∬ W dρ dρ is subtracted from what the path minimises, whose ascent then follows Λ + W*ρ; at the saddle
 * Λ + W*ρ = 0.
 *
 * @source  Neklyudov et al., A Computational Framework for Solving Wasserstein Lagrangian Flows, ICML 2024, algorithm 1
 */

import { item, type NdArray, type Random } from "../../array/index.ts";
import type { Mlp } from "../../nn/index.ts";
import { type Arrays, clamp, greater, jit, jvp, maximum, sign, stopGradient, type Tensor, take } from "../../tensor/index.ts";
import { type Action, type ActionOptions, type ActionParams, action, initAction } from "../lagrangian/action.ts";
import { meanField, type PairPotential, together } from "../lagrangian/interaction.ts";
import { acceleration, exactLaplacian, freeMotion, type Lagrangian, residual, type ScalarField } from "../lagrangian/lagrangian.ts";
import { drawPath, type PathBatch } from "../paths/batch.ts";
import { type GeneratorOptions, generate, initGenerator } from "../paths/generator.ts";
import type { Path } from "../paths/path.ts";
import { massBetween } from "../paths/points.ts";
import { coneGeodesic } from "../paths/unbalanced.ts";
import { type Guard, goBack, guardNote, initGuard, rateFactor, watch } from "./guard.ts";
import { actionLoss, flowLoss } from "./losses.ts";
import { actionDefaults, actionDynamics, endsOf } from "./match.ts";
import { type Descending, descent, type TrainOptions, trainDefaults, type ValuedModel } from "./model.ts";
import { labelledAction, meanValue } from "./value.ts";

export interface LagrangianFlowOptions extends ActionOptions, GeneratorOptions, TrainOptions {
  readonly lagrangian?: Lagrangian;
  /** "action" generalises better, "flow" has less variance. */
  readonly objective?: "action" | "flow";
  /** Steps of each particle up the residual before the action sees it, and their size. */
  readonly inner?: number;
  readonly innerStep?: number;
  /** W of an energy of pairs, U[ρ] = ½ ∬ W dρ dρ, which the action has beside V; the batch is a multiple of 16. */
  readonly interaction?: PairPotential;
  /** Learning rate of the generator over that of the action: well below 1, or the path runs away before the action reacts. */
  readonly rateRatio?: number;
}

const lagrangianFlowDefaults = {
  ...actionDefaults,
  ...trainDefaults,
  steps: 4000,
  generatorLayers: 2,
  generatorWidth: 128,
  objective: "action",
  inner: 5,
  innerStep: 0.02,
  rateRatio: 0.1,
} as const;

interface Players {
  readonly action: Descending<ActionParams>;
  readonly path: Descending<Mlp>;
}

/** Both players and the watch over them. */
type FlowState = Arrays<Players> & { readonly guard: Guard<Arrays<Players>> };

type Draws<T = NdArray> = PathBatch<T> & { readonly probe?: T };

/** Samples of the learned path. */
export interface Generated {
  readonly x: Tensor;
  /** Corrections of the straight lines over their bound, [B]. */
  readonly reach: Tensor;
  readonly mass?: Tensor;
}

/**
 * @param path  gives rows of neighbouring snapshots, times and masses; its shape must be linear. What is corrected are its straight lines,
 *              or, of pairs of unbalanced transport, their geodesics
 * @throws RangeError  for growth with a head that cannot represent it
 */
export function lagrangianFlow(path: Path, options: LagrangianFlowOptions = {}): ValuedModel<FlowState, ActionParams> {
  const o = { ...lagrangianFlowDefaults, lagrangian: freeMotion, ...options };
  const { lagrangian: l, intervals } = o;
  if (l.growth > 0 && o.head !== "scalar") throw new RangeError(`lagrangianFlow: the head "${o.head}" cannot represent growth`);
  if (o.interaction && o.batch % together !== 0)
    throw new RangeError(`lagrangianFlow: with an interaction, the batch must be a multiple of ${together}`);
  const d = path.points.shape[1];
  const duration = path.times[path.times.length - 1] - path.times[0];
  const players = { action: descent(o), path: descent({ ...o, learningRate: o.learningRate * o.rateRatio }) };
  const sOf = (p: ActionParams, batch: Draws<Tensor>): Action => action(p, o.head, intervals > 1 ? batch.interval : undefined);

  /** Λ + W*ρ is what the path ascends. For the action ρ is given, and its loss does not know of U. */
  const withField = (field: ScalarField | undefined): Lagrangian => {
    if (!field) return l;
    const { potential } = l;
    return { ...l, potential: potential ? (t, x) => potential(t, x).add(field(t, x)) : field };
  };
  const fieldOf = ({ x, mass }: Omit<Generated, "reach">): ScalarField | undefined => o.interaction && meanField(o.interaction, x, mass);
  /** U [B] of the particles of a batch, half of their mean field. */
  const pairEnergy = (field: ScalarField, { x, mass }: Omit<Generated, "reach">, t: Tensor): Tensor => {
    const energy = field(t, x).mul(0.5);
    return mass ? energy.mul(mass.squeeze(1)) : energy;
  };

  const program = (state: Players, points: Tensor, batch: Draws<Tensor>, rate: Tensor) => {
    const probe = batch.probe && sign(batch.probe);
    const at = generated(state.path.params, points, batch);
    const fixed = stopGradient(at.x);
    const mass = at.mass && stopGradient(at.mass);
    const now = sOf(stopGradient(state.action.params), batch);
    const field = fieldOf({ x: fixed, mass });
    const all = withField(field);
    const force = acceleration(all, now, batch.t, fixed, probe);
    const x = stopGradient(climb(all, now, batch, fixed, force, probe, o.inner, o.innerStep));
    const sample = { t: batch.t, x, mass, density: batch.density };
    const settings = { duration, probe };
    const lossOfAction = (p: ActionParams): [Tensor, Tensor] => {
      const s = sOf(p, batch);
      if (o.objective === "action") {
        const ends = endsOf(path, points, batch, intervals > 1);
        const { loss, integrand } = actionLoss(l, s, sample, ends, settings);
        return [loss, integrand];
      }
      const [, rate] = velocityOfPath(state.path.params, points, batch);
      const moving = { ...sample, x: fixed, v: stopGradient(rate.x), massRate: rate.mass && stopGradient(rate.mass) };
      const { loss, integrand } = flowLoss(l, s, moving, settings);
      return [loss, integrand];
    };
    // The gradient of -E[m Λ(G)] in the generator's parameters is that of -E[m <∇Λ, G> + Λ m] with ∇Λ, Λ (and the other m) held fixed.
    const level = at.mass && residual(all, now, batch.t, fixed, probe).expandDims(1);
    const lossOfPath = (q: Mlp): [Tensor, Tensor] => {
      const moved = generated(q, points, batch);
      const pull = force.mul(moved.x).sum(1, true);
      const gain = level && moved.mass ? pull.mul(mass as Tensor).add(level.mul(moved.mass)) : pull;
      return [gain.mean().mul(-duration), gain];
    };
    const a = players.action.step(state.action, lossOfAction);
    const q = players.path.step(state.path, lossOfPath, rate);
    const pairs = field && pairEnergy(field, { x: fixed, mass }, batch.t);
    const missing = pairs ? a.aux.add(pairs.mul(2)) : a.aux;
    const loss = pairs ? a.loss.add(pairs.mean().mul(duration)) : a.loss;
    const metrics = { loss, residual: missing.square().mean().sqrt(), acceleration: force.square().sum(1).mean().sqrt() };
    const signs = {
      variance: missing.square().mean().sub(missing.mean().square()),
      atBound: greater(at.reach, nearBound).cast("f32").mean(),
      loss,
    };
    return { state: { action: a.state, path: q.state }, metrics, signs };
  };

  function generated(q: Mlp, points: Tensor, batch: Draws<Tensor>, t = batch.t, u = batch.u): Generated {
    const [a, b] = [take(points, batch.from), take(points, batch.to)];
    const { mass0, mass1 } = batch;
    const cone = path.options.coupling === "unbalanced" && mass0 && mass1 ? coneGeodesic(a, b, mass0, mass1, u, l.growth) : undefined;
    const { x, massFactor, reach } = generate(q, t, u, a, b, cone?.x);
    if (!massFactor) return { x, reach };
    const one = u.mul(0).add(1);
    const mass = cone?.mass ?? massBetween("geodesic", mass0 ?? one, mass1 ?? one, u);
    return { x, reach, mass: mass.mul(massFactor) };
  }

  /** Points and masses of the path, and their rates in time. */
  function velocityOfPath(q: Mlp, points: Tensor, batch: Draws<Tensor>): [Generated, Generated] {
    const one = batch.t.mul(0).add(1);
    return jvp((t: Tensor, u: Tensor) => generated(q, points, batch, t, u), [batch.t, batch.u], [one, one.div(batch.gap)]);
  }

  const run = jit(program, { threads: o.threads });
  /** Learning has its own growth of the residual at first. */
  const settled = Math.max(1000, o.steps / 4);
  const draw = (rng: Random, batch: number): Draws => ({
    ...drawPath(path, rng, batch, undefined, o.interaction ? together : 1),
    ...(l.noise > 0 && d > exactLaplacian && { probe: rng.normal([batch, d]) }),
  });
  const evaluate = jit(
    (state: Players, points: Tensor, batch: Draws<Tensor>) => {
      const s = sOf(averages(state).action, batch);
      const probe = batch.probe && sign(batch.probe);
      const [now, rate] = velocityOfPath(averages(state).path, points, batch);
      const moving = { ...now, v: rate.x, massRate: rate.mass };
      const { loss } = actionLoss(l, s, { t: batch.t, ...now }, endsOf(path, points, batch, intervals > 1), { duration, probe });
      const labelled = labelledAction(l, batch.t, moving);
      const field = fieldOf(now);
      const pairs = field && pairEnergy(field, now, batch.t);
      const energy = labelled && pairs ? labelled.sub(pairs) : labelled;
      const certified = energy && l.growth === 0 && !pairs;
      const level = (x: Tensor): Tensor => residual(l, s, batch.t, x);
      const centre = now.x.mean(0, true);
      const farther = centre.add(now.x.sub(centre).mul(1.1));
      const bounds = certified && { t: batch.t, residual: level(now.x), highest: maximum(level(now.x), level(farther)) };
      const dual = pairs ? loss.add(pairs.mean().mul(duration)).neg() : loss.neg();
      return { dual, ...(energy && { primal: energy.mean().mul(duration) }), ...bounds };
    },
    { threads: o.threads },
  );
  return {
    init(rng) {
      const [first, second] = rng.split(2);
      const both = {
        action: players.action.init(initAction(first, d, o)),
        path: players.path.init(initGenerator(second, d, l.growth > 0, o)),
      };
      return { ...both, guard: initGuard(both) };
    },
    async step(state, rng) {
      let now = playersOf(state);
      let { guard } = state;
      for (;;) {
        const { metrics, signs, state: next } = await run(now, path.points, draw(rng, o.batch), rateFactor(guard));
        const watched = watch(guard, itemsOf(signs), next, settled);
        if (watched) return { state: { ...next, guard: watched }, metrics: itemsOf(metrics) };
        ({ players: now, guard } = goBack(guard, runawayHint));
      }
    },
    note: (state) => guardNote(state.guard),
    average: (state) => state.action.average.average,
    dynamics: (params, interval) => actionDynamics(l, action(params, o.head, interval)),
    noise: l.noise,
    knots: intervals > 1 ? path.times : undefined,
    value: (state, rng, batches = 40) => meanValue(() => evaluate(playersOf(state), path.points, draw(rng, 512)), batches),
  };
}

const playersOf = ({ action: first, path }: FlowState): Arrays<Players> => ({ action: first, path });
const itemsOf = <K extends string>(results: Readonly<Record<K, NdArray>>): Record<K, number> =>
  Object.fromEntries(Object.entries<NdArray>(results).map(([k, v]) => [k, item(v)])) as Record<K, number>;

/** Corrections above this part of their bound count as at it. */
const nearBound = 0.95;
const runawayHint =
  "lower --rate-ratio or --learning-rate; with a potential or an interaction, look whether the interval between the snapshots is too " +
  "long for it (a force of -ω² x needs ω times the interval below π)";

const averages = (state: Players): { action: ActionParams; path: Mlp } => ({
  action: state.action.average.average,
  path: state.path.average.average,
});

/** Steps up the residual, x ← x + step 2u(1-u) clip(∇Λ): they vanish at the knots, where the snapshots are given. */
function climb(
  l: Lagrangian,
  s: Action,
  { t, u }: PathBatch<Tensor>,
  x: Tensor,
  force: Tensor,
  probe: Tensor | undefined,
  steps: number,
  size: number,
): Tensor {
  const pace = u.mul(u.neg().add(1)).mul(2 * size);
  let at = x;
  let push = force;
  for (let k = 0; k < steps; k++) {
    if (k > 0) push = acceleration(l, s, t, at, probe);
    at = at.add(clamp(push, -1, 1).mul(pace));
  }
  return at;
}
