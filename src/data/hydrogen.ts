/**
 * A hydrogen atom in a superposition of two of its states, a quantum system whose density is known at every time:
 *
 *   ψ(t, x) = (ψ_{3,2,-1}(x) e^{-i E_3 t} + ψ_{2,1,0}(x) e^{-i E_2 t}) / √2,   E_n = -1 / (2 a² n²),   ħ = m = 1, a = 4π.
 *
 * Both states have the real factor z, so with r = |x| and ω = E_3 - E_2
 *
 *   ψ = z B e^{-i E_2 t} g / √2,   g = e^{-r/2a} + (A/B) (x - i y) e^{-r/3a} e^{-i ω t},
 *   A = 1 / (81 √π a^{7/2}),   B = 1 / (4 √(2π) a^{5/2}).
 *
 * g depends on the azimuth φ through φ + ω t alone: the density turns about the z axis, once in 2π/ω = 14287.7, and keeps its shape.
 *
 * @source  Neklyudov et al., Action Matching, ICML 2023, section 5.3 (the system); Griffiths, Introduction to Quantum Mechanics, section
 *   4.2 (the states)
 */

import { type NdArray, ndarray, type Random } from "../array/index.ts";
import * as t from "../tensor/index.ts";
import { jit, scan, type Tensor } from "../tensor/index.ts";

/** a, the Bohr radius. */
export const bohrRadius = 4 * Math.PI;
/** E_n. */
export const hydrogenEnergy = (n: number): number => -1 / (2 * bohrRadius ** 2 * n ** 2);
/** ω. */
export const hydrogenFrequency = hydrogenEnergy(3) - hydrogenEnergy(2);
/** The span of the paper's data, 0.98 of a turn. */
export const hydrogenSpan = 14_000;

const A = 1 / (81 * Math.sqrt(Math.PI) * bohrRadius ** 3.5);
const B = 1 / (4 * Math.sqrt(2 * Math.PI) * bohrRadius ** 2.5);

interface Complex {
  readonly re: Tensor;
  readonly im: Tensor;
}

/** r [B]; differentiable at 0. */
const radius = (x: Tensor): Tensor => t.sqrt(x.square().sum(1).add(1e-12));

/** e^{r/3a} g [B] at times [] or [B, 1] and points [B, 3]: what is left does not underflow far out. */
function envelope(time: Tensor, points: Tensor): Complex {
  const [x, y] = [points.slice(null, 0), points.slice(null, 1)];
  const turn = (time.rank === 2 ? time.squeeze(1) : time).mul(hydrogenFrequency);
  const [cos, sin] = [t.cos(turn), t.sin(turn)];
  const inner = t.exp(radius(points).div(-6 * bohrRadius));
  const turned = { re: x.mul(cos).sub(y.mul(sin)), im: x.mul(sin).add(y.mul(cos)) };
  return { re: turned.re.mul(A / B).add(inner), im: turned.im.mul(-A / B) };
}

/** ψ [B], real and imaginary part: times [] or [B, 1], points [B, 3]. */
export function hydrogenWave(time: Tensor, points: Tensor): Complex {
  const { re, im } = envelope(time, points);
  const phase = (time.rank === 2 ? time.squeeze(1) : time).mul(-hydrogenEnergy(2));
  const [cos, sin] = [t.cos(phase), t.sin(phase)];
  const fall = t.exp(radius(points).div(-3 * bohrRadius));
  const size = points
    .slice(null, 2)
    .mul(fall)
    .mul(B / Math.SQRT2);
  return { re: re.mul(cos).sub(im.mul(sin)).mul(size), im: re.mul(sin).add(im.mul(cos)).mul(size) };
}

/** log |ψ|² [B], normalised; -∞ in the plane z = 0. */
export function hydrogenLogDensity(time: Tensor, points: Tensor): Tensor {
  const { re, im } = envelope(time, points);
  const z = points.slice(null, 2);
  return t
    .log(re.square().add(im.square()))
    .add(t.log(z.square()))
    .sub(radius(points).mul(2 / (3 * bohrRadius)))
    .add(Math.log(B * B) - Math.log(2));
}

/** ∇ log |ψ|² [B, 3]; infinite in the plane z = 0. */
export const hydrogenScore = (time: Tensor, points: Tensor): Tensor => t.grad((x: Tensor) => hydrogenLogDensity(time, x).sum())(points);

/**
 * The Bohmian velocity ∇ arg ψ = Im(∇ψ / ψ) [B, 3], which moves particles of density |ψ|² so that they stay so. It turns about the line
 * where g = 0, and so is no gradient: action matching finds another velocity with the same densities.
 */
export function hydrogenVelocity(time: Tensor, points: Tensor): Tensor {
  const { re, im } = envelope(time, points);
  const slope = (part: "re" | "im") => t.grad((x: Tensor) => envelope(time, x)[part].sum())(points);
  const turned = slope("im")
    .mul(re.expandDims(1))
    .sub(slope("re").mul(im.expandDims(1)));
  return turned.div(re.square().add(im.square()).expandDims(1));
}

/** Length and step of the Markov chains. */
export interface MetropolisOptions {
  readonly steps?: number;
  /** Standard deviation of a proposed step. */
  readonly scale?: number;
  /** Where chains begin, [n, 3]; default: normal of deviation 50, as wide as the density. */
  readonly start?: NdArray<"f32">;
}

/** Steps of a run: bounds the memory of the random numbers. */
const chunk = 250;

/** Chains x [n, 3] moved by normal proposals [S, n, 3] that are accepted where log u [S, n] is below the change of log |ψ_0|². */
const metropolis = jit((x: Tensor, noise: Tensor, uniform: Tensor, scale: Tensor) => {
  const density = (at: Tensor): Tensor => hydrogenLogDensity(t.scalar(0, at.dtype as "f32"), at);
  const step = ({ at, log, accepted }: { at: Tensor; log: Tensor; accepted: Tensor }, draws: { z: Tensor; u: Tensor }) => {
    const proposal = at.add(draws.z.mul(scale));
    const proposed = density(proposal);
    const yes = t.less(t.log(draws.u), proposed.sub(log));
    return {
      carry: {
        at: t.where(yes.expandDims(1), proposal, at),
        log: t.where(yes, proposed, log),
        accepted: accepted.add(yes.cast(at.dtype as "f32").mean()),
      },
    };
  };
  const first = { at: x, log: density(x), accepted: t.scalar(0, "f32") };
  const { carry } = scan(step, first, { z: noise, u: uniform });
  return { x: carry.at, accepted: carry.accepted };
});

/**
 * Independent Metropolis chains on |ψ_0|², the density at t = 0.
 *
 * @returns  points [n, 3], and the share of proposals that were accepted
 */
export async function sampleHydrogen(
  n: number,
  random: Random,
  { steps = 5000, scale = 10, start }: MetropolisOptions = {},
): Promise<{ x: NdArray<"f32">; acceptance: number }> {
  const noise = random.normal([n, 3]);
  let x = start ?? ndarray(noise.data.map((v) => 50 * v) as Float32Array<ArrayBuffer>, [n, 3], "f32");
  let accepted = 0;
  for (let done = 0; done < steps; done += chunk) {
    const count = Math.min(chunk, steps - done);
    const out = await metropolis(x, random.normal([count, n, 3]), random.uniform([count, n]), scale);
    x = out.x as NdArray<"f32">;
    accepted += out.accepted.data[0] as number;
  }
  return { x, acceptance: accepted / steps };
}

/** Points of density |ψ_0|² turned about the z axis to density |ψ_t|². */
export function turnHydrogen({ data, shape: [n] }: NdArray<"f32">, time: number): NdArray<"f32"> {
  const angle = -hydrogenFrequency * time;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = new Float32Array(data.length);
  for (let i = 0; i < 3 * n; i += 3) {
    turned[i] = cos * data[i] - sin * data[i + 1];
    turned[i + 1] = sin * data[i] + cos * data[i + 1];
    turned[i + 2] = data[i + 2];
  }
  return ndarray(turned, [n, 3], "f32");
}
