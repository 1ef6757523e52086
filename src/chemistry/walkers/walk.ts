/** Markov chains of walkers that sample q = ψ²: many steps a program, with the kernels of `sampling`. */
import { array, type NdArray, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type ChainState, randomWalk, type Target, type Transition } from "../../sampling/index.ts";
import { constant, type Feeds, jit, type Tensor } from "../../tensor/index.ts";
import { type Ansatz, type Parameters, waveOf } from "../ansatz/ansatz.ts";
import { plainNetwork } from "../ansatz/network.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";
import { driftedWalk } from "./langevin.ts";
import { scaledWalk } from "./scaled.ts";

/** [walkers, N · dimension], electron by electron -> [dimension, N, walkers]. */
export const walkersLast = ({ dimension }: System, x: Tensor): Tensor =>
  x.reshape([x.shape[0], x.shape[1] / dimension, dimension]).transpose([2, 1, 0]);

/** How walkers propose moves: all electrons at once, one at a time, along the drift, or all at once as far as their nuclei are. */
export const moveNames = ["all", "one", "langevin", "scaled"] as const;
export type Moves = (typeof moveNames)[number];

/** @throws UserError  for moves that need nuclei where there are none */
export function checkMoves({ title, field }: System, how: Moves): void {
  if (how === "scaled" && field.kind !== "nuclei")
    throw new UserError(`${title}: moves as large as nuclei are far need nuclei`, "use --moves all, one or langevin");
}

export interface Walked {
  /** Where walkers stand: [walkers, N · dimension]. */
  readonly x: NdArray;
  /** log q there: [walkers]. */
  readonly logDensity: NdArray;
  /** Share of accepted proposals. */
  readonly acceptance: number;
  /** Walkers whose density is not a number. */
  readonly lost: number;
}

/** log q = 2 log |ψ| as a density of `sampling`, whose data are the parameters. */
export const logDensity =
  (system: System, ansatz: Ansatz) =>
  (x: Tensor, parameters: Parameters<Tensor>): Tensor =>
    waveOf(ansatz, walkersLast(system, x), plainNetwork(parameters)).logAbs.mul(2);

/** Randomness of several steps. */
interface Noise {
  /** [steps, walkers, N · dimension]. */
  readonly xi: Tensor;
  /** [steps, walkers]. */
  readonly u: Tensor;
  /** Which electron moves: [steps, walkers]. */
  readonly block: Tensor;
}

/** Moves walkers: so many steps of a chain, of this size in bohr. */
export type Walk<D> = (x: NdArray, steps: number, size: number, data: Feeds<D>, rng: Random) => Promise<Walked>;

/**
 * A chain that leaves a density invariant, by the moves of a name.
 *
 * @param density  log q: [walkers, N · dimension] -> [walkers]
 * @throws UserError  see `checkMoves`
 */
export function walk<D>(system: System, density: Target<D>[number], how: Moves): Walk<D> {
  checkMoves(system, how);
  const n = electronsOf(system);
  const blocks = Array.from({ length: n }, (_, i) => Array.from({ length: system.dimension }, (_, c) => i * system.dimension + c));
  const step =
    how === "langevin"
      ? asymmetricStep(driftedWalk(density, system.dimension))
      : how === "scaled"
        ? asymmetricStep(scaledWalk(density, nucleiOf(system)))
        : walkStep([density], how === "one" ? blocks : undefined);
  const program = jit((x: Tensor, { xi, u, block }: Noise, size: Tensor, data: D) => {
    const dtype = x.dtype === "f64" ? "f64" : "f32";
    let state: ChainState | undefined;
    const accepted: Tensor[] = [];
    for (let t = 0; t < xi.shape[0]; t++) {
      const own = { xi: xi.slice([t, t + 1]).squeeze(0), u: u.slice([t, t + 1]).squeeze(0), block: block.slice([t, t + 1]).squeeze(0) };
      const next = step(state ?? x, own, size, constant(array([[1]], dtype)), data);
      state = next.state;
      accepted.push(next.acceptance.mean());
    }
    const values = (state?.values ?? density(x, data).expandDims(-1)).squeeze(1);
    return { x: state?.x ?? x, logDensity: values, acceptance: accepted.reduce((a, b) => a.add(b)).div(accepted.length) };
  });
  return async (x, steps, size, data, rng) => {
    const dtype = x.dtype === "f64" ? "f64" : "f32";
    const [walkers] = x.shape;
    const noise = {
      xi: rng.normal([steps, ...x.shape], dtype),
      u: rng.uniform([steps, walkers], dtype),
      block: rng.integers(0, n, [steps, walkers]),
    };
    const { acceptance, ...rest } = await program(x, noise as Feeds<Noise>, size, data);
    const lost = (rest.logDensity.data as Float32Array).filter((v: number) => !Number.isFinite(v)).length;
    return { ...rest, acceptance: Number(acceptance.data[0]), lost };
  };
}

type OneStep<D> = (from: Tensor | ChainState, noise: Noise, size: Tensor, lambda: Tensor, data: D) => Transition;

const isState = (from: Tensor | ChainState): from is ChainState => "values" in from;

function walkStep<D>(target: Target<D>, blocks: readonly (readonly number[])[] | undefined): OneStep<D> {
  const kernel = randomWalk(target, { blocks });
  return (from, { xi, u, block }, stepSize, lambda, data) =>
    kernel.step(
      isState(from) ? from : kernel.init(from, data),
      { proposal: blocks ? { xi, block } : { xi }, u },
      { stepSize },
      lambda,
      data,
    );
}

/** Of kernels whose proposals have Gaussian noise alone. */
function asymmetricStep<D>(kernel: ReturnType<typeof scaledWalk<D>>): OneStep<D> {
  return (from, { xi, u }, stepSize, lambda, data) =>
    kernel.step(isState(from) ? from : kernel.init(from, data), { proposal: xi, u }, { stepSize }, lambda, data);
}
