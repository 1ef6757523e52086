/** Families by name. */
import type { Random } from "../../array/index.ts";
import type { CouplingKind } from "./coupling.ts";
import type { Family } from "./family.ts";
import { flowFamily } from "./flow.ts";
import { diagonalFamily, gaussianFamily } from "./gaussian.ts";
import { planarFamily, radialFamily } from "./maps.ts";
import { mixtureFamily } from "./mixture.ts";

export const familyNames = ["gaussian", "diagonal", "mixture", "flow", "planar", "radial"] as const;
export type FamilyName = (typeof familyNames)[number];

/** Sizes of a family; those that it has no use for are ignored. */
export interface FamilyOptions {
  /** C of a mixture. */
  readonly components: number;
  /** Maps of a planar or radial flow (default 8), steps of a level of a flow (default 4). */
  readonly depth?: number;
  readonly levels: number;
  readonly coupling: CouplingKind;
}

export const defaultFamily: FamilyOptions = { components: 5, levels: 1, coupling: "affine" };

/** A flow over codes of one number, which has nothing to couple, is a Gaussian. @param rng  of the permutations of a flow */
export function familyOf(name: FamilyName, latent: number, rng: Random, options: FamilyOptions = defaultFamily): Family {
  const { components, depth = name === "flow" ? 4 : 8, levels, coupling } = options;
  const families: Record<FamilyName, () => Family> = {
    gaussian: () => gaussianFamily(latent),
    diagonal: () => diagonalFamily(latent),
    mixture: () => mixtureFamily(latent, components),
    flow: () => (latent < 2 ? gaussianFamily(latent) : flowFamily(latent, rng, { steps: depth, coupling, levels })),
    planar: () => planarFamily(latent, depth),
    radial: () => radialFamily(latent, depth),
  };
  return families[name]();
}
