/** `pushforward molecule hf`: Hartree-Fock in a minimal basis. */
import { z } from "zod";
import { basisNames } from "../../chemistry/hartree-fock/basis.ts";
import { type HartreeFock, hartreeFock, occupations } from "../../chemistry/hartree-fock/hartree-fock.ts";
import { dipole, mullikenCharges, spinSquared } from "../../chemistry/hartree-fock/properties.ts";
import { twoElectronEnergy } from "../../chemistry/hartree-fock/two-electrons.ts";
import { nucleiOf, type System } from "../../chemistry/systems/system.ts";
import { debyeInAtomicUnit } from "../../chemistry/systems/units.ts";
import { job } from "../../lab/command.ts";
import { talkOptions } from "../../lab/options.ts";
import { formatNumber } from "../../numbers.ts";
import { loadSystem, systemInput, systemOptions } from "./load.ts";

export const hf = job({
  name: "molecule hf",
  summary: "energy and orbitals of one determinant (Hartree-Fock) in a minimal basis",
  arguments: [systemInput],
  examples: ['pushforward molecule hf "N 0 0 0; N 0 0 2.068" --basis sto-6g', "pushforward molecule hf water.xyz --json"],
  notes:
    "Energies are in hartree, lengths in bohr (a0). Coordinates of XYZ files are taken in Å, of text in bohr, unless --units says otherwise.",
  options: z.object({
    ...systemOptions,
    basis: z.enum(basisNames).default("sto-6g").describe("Slater's orbitals as sums of 3 or 6 Gaussians, H to Ne"),
    method: z
      .enum(["auto", "rhf", "rohf", "uhf"])
      .default("auto")
      .describe("closed shells, open shells in common orbitals, or orbitals for each spin (auto: rhf, or rohf where spins are unpaired)"),
    ...talkOptions,
  }),
  async run([input], { basis, method, quiet, ...options }) {
    const { system, notes: read } = await loadSystem(input, options);
    const found = hartreeFock(system, basis, method);
    const notes = [...read, ...found.notes];
    if (!quiet) for (const note of notes) process.stderr.write(`note: ${note}\n`);
    const results = { ...numbersOf(found, system), notes };
    return { results, text: lines(found, system, results), exitCode: found.converged ? 0 : 1 };
  },
});

function numbersOf(found: HartreeFock, system: System) {
  const nuclei = nucleiOf(system);
  const moment = dipole(found, nuclei);
  const debye = moment.map((component) => component * debyeInAtomicUnit);
  const filled = occupations(found, system);
  return {
    energy: found.energy,
    orbitalEnergies: [...found.up.energies],
    occupations: filled.up,
    ...(found.method === "uhf" && { orbitalEnergiesDown: [...found.down.energies], occupationsDown: filled.down }),
    nuclearRepulsion: found.integrals.nuclear,
    ...(system.up + system.down === 2 && twoElectrons(found, system)),
    ...{ method: found.method, basis: found.basis, converged: found.converged, iterations: found.iterations },
    dipole: { atomicUnits: moment, debye, debyeTotal: Math.hypot(...debye) },
    charges: mullikenCharges(found, nuclei),
    spinSquared: spinSquared(found),
    system: { name: system.name, title: system.title, up: system.up, down: system.down, nuclei },
    reference: system.reference,
    units: { energy: "hartree", length: "bohr", charge: "e" },
  };
}

/** Of two electrons, the exact energy in this basis too. */
const twoElectrons = (found: HartreeFock, { up, down }: System): { readonly fullCI?: number } =>
  up === down ? { fullCI: twoElectronEnergy(found, "singlet") } : { fullCI: twoElectronEnergy(found, "triplet") };

function lines(found: HartreeFock, { title, reference }: System, results: ReturnType<typeof numbersOf>): string[] {
  const { energy, fullCI, orbitalEnergies, orbitalEnergiesDown, charges, system } = results;
  const energies = (value: number): string => `${value.toFixed(8)} hartree`;
  const table = (values: readonly number[], filled: readonly number[], heading: string): string[] => [
    "",
    `orbital${heading}   energy / hartree   electrons`,
    ...values.map(
      (value, k) => `${String(k + 1).padStart(7 + heading.length)}${value.toFixed(6).padStart(19)}${String(filled[k]).padStart(12)}`,
    ),
  ];
  const { atomicUnits, debyeTotal } = results.dipole;
  const size = Math.hypot(...atomicUnits);
  const towards = size < 1e-6 ? "" : `, along (${atomicUnits.map((x) => (x / size + 0).toFixed(3).replace("-0.000", "0.000")).join(", ")})`;
  return [
    `${title}: ${found.method.toUpperCase()} in ${found.basis}`,
    `energy ${energies(energy)}, ${found.converged ? "converged in" : "NOT converged in"} ${found.iterations} iterations`,
    `of which nuclear repulsion ${energies(results.nuclearRepulsion)}`,
    ...(fullCI === undefined ? [] : [`exact in this basis (full CI) ${energies(fullCI)}`]),
    ...(reference
      ? [`known: ${reference.energy} hartree (${reference.source}), ${formatNumber(1000 * (energy - reference.energy))} mHa below`]
      : []),
    ...table(orbitalEnergies, results.occupations, orbitalEnergiesDown ? " up" : ""),
    ...(orbitalEnergiesDown ? table(orbitalEnergiesDown, results.occupationsDown ?? [], " down") : []),
    "",
    `dipole moment ${debyeTotal.toFixed(4)} debye (${size.toFixed(5)} e a0)${towards}`,
    `charges (Mulliken) ${system.nuclei.map(({ symbol }, k) => `${symbol} ${(charges[k] + 0).toFixed(4).replace("-0.0000", "0.0000")}`).join(", ")}`,
    ...(system.up === system.down && found.method !== "uhf" ? [] : [`<S²> ${results.spinSquared.toFixed(5)}`]),
  ];
}
