/** The local energy E_loc = Hψ / ψ of a wave function, by forward Laplacian. */
import { broadcastTo, carryLaplacian, eye, type Propagated, type Tensor } from "../../tensor/index.ts";
import type { Ansatz, WaveNetwork } from "../ansatz/ansatz.ts";
import type { System } from "../systems/system.ts";
import { type Potential, potential } from "./potential.ts";

export interface LocalEnergy {
  /** E_loc = V - ½ (Δℓ + |∇ℓ|²): [walkers]. */
  readonly energy: Tensor;
  readonly kinetic: Tensor;
  readonly potential: Potential;
  /** ℓ = log |ψ|: [walkers]. */
  readonly logAbs: Tensor;
  /** ∇ℓ: [dimension, N, walkers]. */
  readonly gradient: Tensor;
  /** Δℓ: [walkers]. */
  readonly laplacian: Tensor;
}

const floatOf = (x: Tensor): "f32" | "f64" => (x.dtype === "f64" ? "f64" : "f32");

/** Each electron's own coordinates as directions: [dimension, dimension, N, walkers]. */
function ownDirections(x: Tensor): Propagated {
  const [dimension] = x.shape;
  return {
    value: x,
    channels: {
      jacobian: broadcastTo(eye(dimension, floatOf(x)).reshape([dimension, dimension, 1, 1]), [dimension, ...x.shape]),
      laplacian: undefined,
    },
  };
}

/** Directions of an electron's own coordinates among those of all electrons: [c, ..., i, b] -> [c N + j, ..., i, b], zero unless i = j. */
function amongAll({ value, channels }: Propagated): Propagated {
  if (!channels) return { value };
  const [dimension, ...shape] = channels.jacobian.shape;
  const n = shape[shape.length - 2];
  const own = eye(n, floatOf(value)).reshape([1, n, ...shape.slice(0, -2).map(() => 1), n, 1]);
  const jacobian = channels.jacobian
    .expandDims(1)
    .mul(own)
    .reshape([dimension * n, ...shape]);
  return { value, channels: { jacobian, laplacian: channels.laplacian } };
}

/**
 * E_loc = V - ½ (Δℓ + |∇ℓ|²), ℓ = log |ψ|. Until electrons meet, each is carried along its own coordinates only.
 *
 * @param x      [dimension, N, walkers]
 * @param field  the field of a formula, see `potential`
 */
export function localEnergy(system: System, ansatz: Ansatz, network: WaveNetwork, x: Tensor, field?: (x: Tensor) => Tensor): LocalEnergy {
  const alone = carryLaplacian(([own]) => ansatz.electrons(own, network), [ownDirections(x)]);
  const [wave] = carryLaplacian(
    ([own, ...electrons]) => [ansatz.wave(own, electrons, network).logAbs],
    [ownDirections(x), ...alone].map(amongAll),
  );
  const zero = wave.value.mul(0);
  const gradient = wave.channels ? wave.channels.jacobian.reshape([...x.shape]) : x.mul(0);
  const laplacian = wave.channels?.laplacian ?? zero;
  const kinetic = laplacian.add(gradient.square().sum([0, 1])).mul(-0.5);
  const v = potential(system, x, field);
  const energy = kinetic.add(v.external).add(v.repulsion).add(v.nuclei);
  return { energy, kinetic, potential: v, logAbs: wave.value, gradient, laplacian };
}
