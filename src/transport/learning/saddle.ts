/**
 * One step of the game of a Lagrangian flow: the action descends its loss on the present path, whose particles have first climbed the
 * residual; the path's generator ascends the residual.
 */

import type { NdArray } from "../../array/index.ts";
import type { Mlp } from "../../nn/index.ts";
import { clamp, greater, maximum, sign, stopGradient, type Tensor } from "../../tensor/index.ts";
import { type Action, type ActionParams, action, type Head } from "../lagrangian/action.ts";
import { meanField, type PairPotential } from "../lagrangian/interaction.ts";
import { acceleration, type Lagrangian, residual, type ScalarField } from "../lagrangian/lagrangian.ts";
import type { PathBatch } from "../paths/batch.ts";
import { endsOf } from "./action-model.ts";
import { labelledAction } from "./action-value.ts";
import { type Generated, type Generating, generated, generatedRates } from "./learned-path.ts";
import { actionLoss, flowLoss } from "./losses.ts";
import type { Descending, Descent } from "./model.ts";

/** Rules of the game: the path and the Lagrangian, the form of the action, and how its players move. */
export interface Game extends Generating {
  readonly lagrangian: Lagrangian;
  readonly interaction?: PairPotential;
  readonly head: Head;
  readonly intervals: number;
  readonly objective: "action" | "flow";
  readonly inner: number;
  readonly innerStep: number;
  readonly duration: number;
  readonly players: { readonly action: Descent; readonly path: Descent };
}

export interface Players {
  readonly action: Descending<ActionParams>;
  readonly path: Descending<Mlp>;
}

/** A batch, and the normal noise whose signs probe the Laplacian. */
export type Draws<T = NdArray> = PathBatch<T> & { readonly probe?: T };

/** Corrections above this part of their bound count as at it. */
const nearBound = 0.95;

const sOf = ({ head, intervals }: Game, p: ActionParams, batch: Draws<Tensor>): Action =>
  action(p, head, intervals > 1 ? batch.interval : undefined);

/** W*ρ of the particles of a batch. */
const fieldOf = ({ interaction }: Game, { x, mass }: Omit<Generated, "reach">): ScalarField | undefined =>
  interaction && meanField(interaction, x, mass);

/** Λ + W*ρ is what the path ascends. For the action ρ is given, and its loss does not know of U. */
function withField(l: Lagrangian, field: ScalarField | undefined): Lagrangian {
  if (!field) return l;
  const { potential } = l;
  return { ...l, potential: potential ? (t, x) => potential(t, x).add(field(t, x)) : field };
}

/** U [B] of the particles of a batch, half of their mean field. */
function pairEnergy(field: ScalarField, { x, mass }: Omit<Generated, "reach">, t: Tensor): Tensor {
  const energy = field(t, x).mul(0.5);
  return mass ? energy.mul(mass.squeeze(1)) : energy;
}

/**
 * The step as a program.
 *
 * @param rate  factor of the generator's learning rate
 */
export const saddleStep = (game: Game) => (state: Players, points: Tensor, batch: Draws<Tensor>, rate: Tensor) => {
  const { lagrangian: l, duration } = game;
  const probe = batch.probe && sign(batch.probe);
  const at = generated(game, state.path.params, points, batch);
  const fixed = { x: stopGradient(at.x), mass: at.mass && stopGradient(at.mass) };
  const now = sOf(game, stopGradient(state.action.params), batch);
  const field = fieldOf(game, fixed);
  const all = withField(l, field);
  const force = acceleration(all, now, batch.t, fixed.x, probe);
  const x = stopGradient(climb(all, now, batch, fixed.x, force, probe, game.inner, game.innerStep));
  const level = at.mass && residual(all, now, batch.t, fixed.x, probe).expandDims(1);
  const a = game.players.action.step(state.action, (p) => lossOfAction(game, p, state.path.params, points, batch, { x, fixed, probe }));
  const q = game.players.path.step(state.path, (net) => lossOfPath(game, net, points, batch, { force, level, mass: fixed.mass }), rate);
  const pairs = field && pairEnergy(field, fixed, batch.t);
  const missing = pairs ? a.aux.add(pairs.mul(2)) : a.aux;
  const loss = pairs ? a.loss.add(pairs.mean().mul(duration)) : a.loss;
  return {
    state: { action: a.state, path: q.state },
    metrics: { loss, residual: missing.square().mean().sqrt(), acceleration: force.square().sum(1).mean().sqrt() },
    signs: {
      variance: missing.square().mean().sub(missing.mean().square()),
      atBound: greater(at.reach, nearBound).cast("f32").mean(),
      loss,
    },
  };
};

/** The loss of the action, at particles x that have climbed (action form) or at those of the path with their velocities (flow form). */
function lossOfAction(
  game: Game,
  p: ActionParams,
  q: Mlp,
  points: Tensor,
  batch: Draws<Tensor>,
  at: { readonly x: Tensor; readonly fixed: Omit<Generated, "reach">; readonly probe?: Tensor },
): [Tensor, Tensor] {
  const { path, lagrangian: l, duration } = game;
  const s = sOf(game, p, batch);
  const sample = { t: batch.t, x: at.x, mass: at.fixed.mass, density: batch.density };
  const settings = { duration, probe: at.probe };
  if (game.objective === "action") {
    const { loss, integrand } = actionLoss(l, s, sample, endsOf(path, points, batch, game.intervals > 1), settings);
    return [loss, integrand];
  }
  const [, rate] = generatedRates(game, q, points, batch);
  const moving = { ...sample, x: at.fixed.x, v: stopGradient(rate.x), massRate: rate.mass && stopGradient(rate.mass) };
  const { loss, integrand } = flowLoss(l, s, moving, settings);
  return [loss, integrand];
}

/**
 * Minus the gain of the generator G. The gradient of -E[m Λ(G)] in its parameters is that of -E[m <∇Λ, G> + Λ m] with ∇Λ, Λ
 * (and the other m) held fixed.
 */
function lossOfPath(
  game: Game,
  net: Mlp,
  points: Tensor,
  batch: Draws<Tensor>,
  { force, level, mass }: { readonly force: Tensor; readonly level?: Tensor; readonly mass?: Tensor },
): [Tensor, Tensor] {
  const moved = generated(game, net, points, batch);
  const pull = force.mul(moved.x).sum(1, true);
  const gain = level && mass && moved.mass ? pull.mul(mass).add(level.mul(moved.mass)) : pull;
  return [gain.mean().mul(-game.duration), gain];
}

/** The value of the averaged players at a batch, as a program; see `Sampled`. */
export const saddleValue = (game: Game) => (state: Players, points: Tensor, batch: Draws<Tensor>) => {
  const { path, lagrangian: l, duration, intervals } = game;
  const s = sOf(game, state.action.average.average, batch);
  const probe = batch.probe && sign(batch.probe);
  const [now, rate] = generatedRates(game, state.path.average.average, points, batch);
  const { loss } = actionLoss(l, s, { t: batch.t, ...now }, endsOf(path, points, batch, intervals > 1), { duration, probe });
  // where the path jumps, its velocities miss what the jump costs, and their action is no bound
  const moving = { ...now, t: batch.t, v: rate.x, massRate: rate.mass };
  const labelled = game.form.switched ? undefined : labelledAction(l, batch.t, moving);
  const field = fieldOf(game, now);
  const pairs = field && pairEnergy(field, now, batch.t);
  const energy = labelled && pairs ? labelled.sub(pairs) : labelled;
  const certified = l.noise === 0 && l.growth === 0 && !pairs;
  const level = (x: Tensor): Tensor => residual(l, s, batch.t, x);
  const centre = now.x.mean(0, true);
  const farther = centre.add(now.x.sub(centre).mul(1.1));
  const bounds = certified && { t: batch.t, residual: level(now.x), highest: maximum(level(now.x), level(farther)) };
  const dual = pairs ? loss.add(pairs.mean().mul(duration)).neg() : loss.neg();
  // by the flow form, which has the same expectation, the gap of every sample is that of an inequality, c(v) + c*(p) >= <p, v>
  const gap = labelled && flowLoss(l, s, moving, { duration }).loss.add(labelled.mean().mul(duration));
  return { dual, ...(energy && { primal: energy.mean().mul(duration) }), ...(gap && { gap }), ...bounds };
};

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
