/**
 * Minimal bases: Slater's orbitals as sums of n Gaussians. `sto.json` has their exponents (1/bohr²) and the coefficients of normalised
 * primitives, which are the same for all elements.
 *
 * @source  Hehre, Stewart, Pople, J. Chem. Phys. 51 (1969) 2657
 */
import { UserError } from "../../errors.ts";
import { largestBasis } from "../systems/elements.ts";
import { type Nucleus, nucleiOf, type System } from "../systems/system.ts";
import tables from "./sto.json" with { type: "json" };

/** Do all nuclei have a basis? */
export const hasBasis = (system: System): boolean => nucleiOf(system).every(({ charge }) => charge <= largestBasis);

export const basisNames = ["sto-3g", "sto-6g"] as const;
export type BasisName = (typeof basisNames)[number];

/** χ(r) = (x^l y^m z^n) Σ_k c_k e^(-α_k r²), r from the centre of the shell; normalised. */
export interface BasisFunction {
  /** Number of the nucleus. */
  readonly atom: number;
  /** "2p x". */
  readonly label: string;
  /** l, m, n: together 0 or 1. */
  readonly powers: readonly [number, number, number];
  /** c_k, with the norms of the primitives in them. */
  readonly coefficients: readonly number[];
}

/** Functions at one centre that share their exponents: 1s, or 2s and 2p. */
export interface Shell {
  readonly centre: readonly [number, number, number];
  /** Highest l + m + n. */
  readonly degree: number;
  /** α_k, in 1/bohr². */
  readonly exponents: readonly number[];
  readonly functions: readonly BasisFunction[];
  /** Number of the first function among those of the molecule. */
  readonly first: number;
}

interface Table {
  readonly contractions: Readonly<Record<"1s" | "2s" | "2p", readonly number[]>>;
  /** By element: of 1s, and of 2s and 2p. */
  readonly exponents: Readonly<Record<string, readonly (readonly number[])[]>>;
}

const bases: Readonly<Record<BasisName, Table>> = tables;

/** Functions beyond which the n⁴ integrals outgrow memory and patience. */
const mostFunctions = 80;

/** The shells of a molecule. @throws UserError  for elements without a basis, and molecules that are too large */
export function basisOf(nuclei: readonly Nucleus[], name: BasisName): readonly Shell[] {
  const { contractions, exponents } = bases[name];
  let first = 0;
  const shells = nuclei.flatMap(({ symbol, position }, atom) => {
    if (!Object.hasOwn(exponents, symbol))
      throw new UserError(
        `there is no ${name} basis for ${symbol} here`,
        "bases are there for H to Ne; larger atoms start without Hartree-Fock",
      );
    return exponents[symbol].map((alphas, k): Shell => {
      const s = normalised({ atom, label: `${k + 1}s`, powers: [0, 0, 0], coefficients: contractions[k === 0 ? "1s" : "2s"] }, alphas);
      const p = (
        [
          ["2p x", [1, 0, 0]],
          ["2p y", [0, 1, 0]],
          ["2p z", [0, 0, 1]],
        ] as const
      ).map(([label, powers]) => normalised({ atom, label, powers, coefficients: contractions["2p"] }, alphas));
      const functions = k === 0 ? [s] : [s, ...p];
      const shell = { centre: position, degree: k, exponents: alphas, functions, first };
      first += functions.length;
      return shell;
    });
  });
  if (first > mostFunctions) throw new UserError(`${first} basis functions are too many: ${mostFunctions} are the most`);
  return shells;
}

export const functionsOf = (shells: readonly Shell[]): readonly BasisFunction[] => shells.flatMap(({ functions }) => functions);

/**
 * From coefficients of normalised primitives to those of bare Gaussians, so that ∫ χ² = 1.
 *   ∫ e^(-2αr²) = (π/2α)^(3/2);  ∫ x² e^(-2αr²) = that / 4α
 */
function normalised(f: BasisFunction, alphas: readonly number[]): BasisFunction {
  const l = f.powers[0] + f.powers[1] + f.powers[2];
  const bare = f.coefficients.map((c, k) => c * ((2 * alphas[k]) / Math.PI) ** 0.75 * (l === 1 ? 2 * Math.sqrt(alphas[k]) : 1));
  let square = 0;
  bare.forEach((c, i) =>
    bare.forEach((d, j) => {
      const p = alphas[i] + alphas[j];
      square += (c * d * (Math.PI / p) ** 1.5) / (l === 1 ? 2 * p : 1);
    }),
  );
  return { ...f, coefficients: bare.map((c) => c / Math.sqrt(square)) };
}
