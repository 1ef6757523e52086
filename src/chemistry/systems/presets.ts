/** Atoms and molecules by name, with what is known of their ground states. Non-relativistic, nuclei at rest; hartree and bohr. */
import type { Reference } from "./system.ts";

interface Preset {
  readonly title: string;
  /** As inline text, in bohr. */
  readonly geometry: string;
  readonly charge: number;
  /** 2S of the ground state. */
  readonly spin: number;
  readonly reference?: Reference;
}

const atom = (symbol: string, title: string, spin: number, energy?: number, source = "", charge = 0): Preset => ({
  title,
  geometry: `${symbol} 0 0 0`,
  charge,
  spin,
  ...(energy !== undefined && { reference: { energy, source } }),
});

/** Two nuclei on the z axis. */
const pair = (a: string, b: string, distance: number, name: string, reference: Reference, charge = 0, spin = 0): Preset => ({
  title: `${name}, ${distance} a0 apart`,
  geometry: `${a} 0 0 0; ${b} 0 0 ${distance}`,
  charge,
  spin,
  reference,
});

const chain = (n: number, spacing: number, reference: Reference): Preset => ({
  title: `chain of ${n} hydrogen atoms, ${spacing} a0 apart`,
  geometry: Array.from({ length: n }, (_, i) => `H 0 0 ${Number((i * spacing).toFixed(10))}`).join("; "),
  charge: 0,
  spin: 0,
  reference,
});

const hylleraas = "explicitly correlated, literature";
const atoms = "literature, non-relativistic";

export const presets: Readonly<Record<string, Preset>> = {
  H: atom("H", "hydrogen atom", 1, -0.5, "exact"),
  He: atom("He", "helium atom", 0, -2.903724377034, hylleraas),
  Li: atom("Li", "lithium atom", 1, -7.478060324, hylleraas),
  Be: atom("Be", "beryllium atom", 0, -14.667356, hylleraas),
  B: atom("B", "boron atom", 1, -24.653868, hylleraas),
  C: atom("C", "carbon atom", 2, -37.845, atoms),
  N: atom("N", "nitrogen atom", 3, -54.5892, atoms),
  O: atom("O", "oxygen atom", 2, -75.0673, atoms),
  F: atom("F", "fluorine atom", 1),
  Ne: atom("Ne", "neon atom", 0, -128.9376, atoms),
  "H-": atom("H", "hydride ion", 0, -0.527751016544, hylleraas, -1),
  "Li+": atom("Li", "lithium ion", 0, -7.279913412669, hylleraas, 1),
  "H2+": pair("H", "H", 2, "H2+", { energy: -0.602634214495, source: "exact" }, 1, 1),
  H2: pair("H", "H", 1.4, "H2", { energy: -1.17447571422, source: hylleraas }),
  "HeH+": pair("He", "H", 1.463, "HeH+", { energy: -2.978706, source: hylleraas }, 1),
  LiH: pair("Li", "H", 3.015, "LiH", { energy: -8.07055, source: hylleraas }),
  Li2: pair("Li", "Li", 5.051, "Li2", { energy: -14.9954, source: "estimated exact, literature" }),
  N2: pair("N", "N", 2.068, "N2", { energy: -109.5423, source: "estimated exact, literature" }),
  H4: chain(4, 1.8, { energy: -2.2783, error: 3e-4, source: "CCSD(T) extrapolated to the complete basis, corrected to full CI" }),
  H10: chain(10, 1.8, { energy: -5.6655, source: "MRCI+Q in the complete basis" }),
};
