/** Elements by symbol and number. */
import { nearest } from "../../errors.ts";

/** By atomic number, from 1. */
const symbols =
  "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og".split(
    " ",
  );

/** The largest Z for which there are Gaussian bases here. */
export const largestBasis = 10;
/** The largest Z whose shells are known here, with Hund's rule and Slater's: argon. */
export const largestShells = 18;

interface Element {
  readonly symbol: string;
  /** Z. */
  readonly number: number;
}

/** An element by its symbol in any case ("li"), its number ("3") or a label of an atom ("Li2"); undefined if there is none. */
export function element(name: string): Element | undefined {
  const [, letters, digits] = /^([A-Za-z]*)(\d*)$/.exec(name) ?? [];
  if (letters === undefined || name === "") return undefined;
  const wanted = letters.toLowerCase();
  const number = letters === "" ? Number(digits) : symbols.findIndex((symbol) => symbol.toLowerCase() === wanted) + 1;
  return number >= 1 && number <= symbols.length ? { symbol: symbols[number - 1], number } : undefined;
}

/** The symbol that was probably meant: light ones first. */
export const nearestElement = (name: string): string | undefined => nearest(name, symbols.slice(0, largestBasis)) ?? nearest(name, symbols);
