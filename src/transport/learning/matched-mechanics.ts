/**
 * Second-order mechanics without simulation, by the dual of the damped Lagrangian e^(γt) (½|v|² - V):
 *
 *   S = inf_ρ sup_s  e^(γT) E_1[s_1] - E_0[s_0] - ∫ e^(γt) E_t[Λ_t] dt,   Λ = ∂_t s + ½|∇s|² + γ s + V.
 *
 * For a given path the best s is that of action matching, whatever γ and V are: weights in time change no minimiser. The path is one of
 * stationary action if no force is missing along it,
 *
 *   ∇Λ = ∂_t ∇s + ∇²s ∇s + γ ∇s + ∇V = 0,   which says x'' = -∇V - γ x' for particles that move with ∇s.
 *
 * The value S itself does not tell V: it falls without end as V is raised. What is learned are the V and γ of the least missing force,
 *
 *   loss = ∫ E[½|∇s|² - <∇s, v>] dt + E|∇Λ|² + α E|∇V|²,
 *
 * s from the first part alone, V and γ from the others. The path is that of curves through chains of rows, along which accelerations are
 * continuous. Velocities are gradients here: populations that rotate in themselves, and streams that cross, have other accelerations.
 *
 * @source  Guan, Atanackovic & Neklyudov, A Call to Lagrangian Action (2026); Neklyudov et al., Wasserstein Lagrangian Flows, ICML 2024
 */
import { array, item, mapTree, type NdArray, type Random } from "../../array/index.ts";
import { type Arrays, exp, grad, jit, stopGradient, type Tensor } from "../../tensor/index.ts";
import { type ActionParams, action, initAction } from "../lagrangian/action.ts";
import { type Energies, type EnergyParams, energies, initEnergy } from "../lagrangian/energy.ts";
import { meanField, together } from "../lagrangian/interaction.ts";
import { acceleration, freeMotion, gradient, type ScalarField } from "../lagrangian/lagrangian.ts";
import { drawPath, type PathBatch } from "../paths/batch.ts";
import type { Path } from "../paths/path.ts";
import { pathPoints } from "../paths/points.ts";
import { flowLoss } from "./losses.ts";
import { firstFriction, type MechanicsOptions } from "./mechanics-system.ts";
import { type Descending, descent, type Model, trainDefaults } from "./model.ts";

/** What is learned. */
interface MatchedParams<T = Tensor> {
  readonly action: ActionParams<T>;
  readonly energy: EnergyParams<T>;
  /** log γ, where it is fitted. */
  readonly friction?: T;
}

/** Networks and rate of learning unless others are asked for. */
export const matchedDefaults = { layers: 2, width: 64, learningRate: 3e-3, energy: "one-body", friction: 0, forcePenalty: 1e-4 } as const;

/** A model by a path whose velocities and accelerations are known. */
export function matchedMechanics(path: Path, options: MechanicsOptions = {}): Model<Arrays<Descending<MatchedParams>>, MatchedParams> {
  const o = { ...trainDefaults, ...matchedDefaults, given: {} as Energies, ...options };
  const d = path.points.shape[1];
  const duration = path.times[path.times.length - 1] - path.times[0];
  const down = descent(o);
  const frictionOf = ({ friction }: MatchedParams): Tensor | number => (o.friction === "fit" ? exp(friction as Tensor) : o.friction);
  const energiesOf = (params: MatchedParams): Energies => energies(params.energy, o.energy === "driven", o.given);
  const lossOf = (params: MatchedParams, points: Tensor, batch: PathBatch<Tensor>): [Tensor, Tensor] => {
    const { x, v } = pathPoints(points, batch, path.options);
    if (!v) throw new RangeError("matchedMechanics: the path has no velocities");
    const matched = flowLoss(freeMotion, action(params.action), { t: batch.t, x, v }, { duration });
    const s = action(mapTree<ActionParams>((p: Tensor) => stopGradient(p), params.action));
    const potential = fieldAround(energiesOf(params), x);
    const damping = gradient(s, batch.t, x).mul(frictionOf(params));
    const missing = acceleration({ ...freeMotion, potential }, s, batch.t, x)
      .add(damping)
      .square()
      .sum(1)
      .mean();
    const force = grad((z: Tensor) => potential(batch.t, z).sum())(x)
      .square()
      .sum(1)
      .mean();
    return [matched.loss.add(missing).add(force.mul(o.forcePenalty)), missing];
  };
  const run = jit(
    (state: Descending<MatchedParams>, points: Tensor, batch: PathBatch<Tensor>) => {
      const { state: next, loss, aux } = down.step(state, (params: MatchedParams) => lossOf(params, points, batch));
      return { state: next, loss, missing: aux };
    },
    { threads: o.threads },
  );
  return {
    init: (rng) => down.init(initMatched(rng, d, o)),
    async step(state, rng) {
      const { state: next, loss, missing } = await run(state, path.points, drawPath(path, rng, o.batch, undefined, sharing(o)));
      return { state: next, metrics: { loss: item(loss), missing: item(missing) } };
    },
    average: (state) => state.average.average,
    dynamics(params) {
      const s = action(params.action);
      const launch = (t: Tensor, x: Tensor) => gradient(s, t, x);
      return { drift: launch, noise: 0, action: s, mechanics: { energies: energiesOf(params), friction: frictionOf(params), launch } };
    },
    noise: 0,
    phase: true,
  };
}

/** Do particles of a batch have to share times? */
const sharing = ({ energy, given }: { energy: string; given: Energies }): number =>
  energy === "pairs" || energy === "both" || given.interaction ? together : 1;

/** V + W*ρ with ρ from particles that share a time, as rows that stand together do. */
function fieldAround({ potential, interaction }: Energies, x: Tensor): ScalarField {
  const pairs = interaction && meanField(interaction, stopGradient(x));
  return (t, z) => {
    const parts = [potential?.(t, z), pairs?.(t, z)].flatMap((p) => (p ? [p] : []));
    return parts.length ? parts.reduce((a, b) => a.add(b)) : z.sum(1).mul(0);
  };
}

function initMatched(rng: Random, d: number, o: Required<Pick<MechanicsOptions, "layers" | "width" | "energy" | "friction">>) {
  return {
    action: initAction(rng.fold("action"), d, { layers: o.layers, width: o.width }),
    energy: initEnergy(rng.fold("energy"), d, o.energy, { layers: o.layers, width: o.width }),
    ...(o.friction === "fit" && { friction: array(Math.log(firstFriction)) }),
  } satisfies MatchedParams<NdArray>;
}
