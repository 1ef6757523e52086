/** Families that send noise through simple maps, one after another, and then through an affine one. */
import type { NdArray, Random } from "../../array/index.ts";
import { type Arrays, expandDims, type Tensor, transpose } from "../../tensor/index.ts";
import { type Float, filled, freeScale, like } from "./arrays.ts";
import { type Family, logNormal } from "./family.ts";
import { factorOf, type GaussianParams, placed, standardGaussians } from "./gaussian.ts";
import { type Mapped, type PlanarParams, planar, type RadialParams, radial } from "./planar.ts";

interface MapsParams<P> {
  readonly maps: readonly P[];
  readonly affine: GaussianParams;
}

/** One kind of map: its parameters near the identity, and what it does. */
interface Kind<P> {
  readonly name: string;
  init(goals: number, latent: number, rng: Random, dtype: Float): Arrays<P>;
  map(params: P, e: Tensor): Mapped;
}

/** z = m + L f_K(… f_1(ε)): at least what a Gaussian can be, bent by K maps. */
function mapsFamily<P extends object>({ name, init, map }: Kind<P>, latent: number, depth: number): Family<MapsParams<P>> {
  return {
    ...{ name, latent, components: 1, affine: false, rate: 0.01 },
    init: (goals, rng, dtype = "f32") => ({
      maps: rng.split(depth).map((stream) => init(goals, latent, stream, dtype)),
      affine: standardGaussians([goals], latent, dtype),
    }),
    place: ({ maps, affine }, at) => ({ maps, affine: placed(affine as GaussianParams<NdArray>, at) }),
    draw({ maps, affine }, noise) {
      const { lower, logDet } = factorOf(affine);
      let z = noise;
      let logDensity = logNormal(noise).sub(expandDims(logDet, 1));
      for (const params of maps) {
        const next = map(params, z);
        z = next.z;
        logDensity = logDensity.sub(next.logDet);
      }
      return { z: z.matmul(transpose(lower)).add(expandDims(affine.mean, 1)), logDensity };
    },
  };
}

/** Standard deviation of what begins at random: a map that is just the identity in all its parameters has no direction to learn in. */
const small = 0.1;

const noisy = (rng: Random, shape: readonly number[], size: number, dtype: Float): NdArray =>
  like(filled(shape, 0, dtype), rng.normal(shape, "f64").data, (v) => size * v);

/** K planar maps. */
export const planarFamily = (latent: number, depth: number): Family<MapsParams<PlanarParams>> =>
  mapsFamily(
    {
      name: "planar",
      init: (goals, d, rng, dtype) => ({
        w: noisy(rng.fold("w"), [goals, d], 1 / Math.sqrt(d), dtype),
        u: noisy(rng.fold("u"), [goals, d], small, dtype),
        b: noisy(rng.fold("b"), [goals], 1, dtype),
      }),
      map: planar,
    },
    latent,
    depth,
  );

/** K radial maps. */
export const radialFamily = (latent: number, depth: number): Family<MapsParams<RadialParams>> =>
  mapsFamily(
    {
      name: "radial",
      init: (goals, d, rng, dtype) => ({
        centre: noisy(rng.fold("centre"), [goals, d], 1, dtype),
        alpha: filled([goals], freeScale(1), dtype),
        beta: filled([goals], freeScale(1), dtype),
      }),
      map: radial,
    },
    latent,
    depth,
  );
