/** Where walkers begin. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";

/**
 * The nucleus of each electron, spin up first. An atom of charge Z gets Z electrons, as many of both spins as can be; which spin is one more
 * alternates from atom to atom, so that neighbours are paired. What charges leave over or want goes to the atoms in turn.
 *
 * @param first  whether the first atom begins with spin up
 */
export function atomsOfElectrons(system: System, first: boolean): number[] {
  const nuclei = nucleiOf(system);
  const left = { up: system.up, down: system.down };
  const held: { up: number[]; down: number[] } = { up: [], down: [] };
  const give = (spin: "up" | "down", atom: number): boolean => {
    if (left[spin] === 0) return false;
    left[spin]--;
    held[spin].push(atom);
    return true;
  };
  let upFirst = first;
  nuclei.forEach(({ charge }, atom) => {
    for (let k = 0; k < Math.round(charge); k++) {
      const wanted = (k % 2 === 0) === upFirst ? "up" : "down";
      if (!give(wanted, atom)) give(wanted === "up" ? "down" : "up", atom);
    }
    if (Math.round(charge) % 2 === 1) upFirst = !upFirst;
  });
  for (let atom = 0; left.up + left.down > 0; atom = (atom + 1) % nuclei.length) if (!give("up", atom)) give("down", atom);
  return [...held.up, ...held.down];
}

/**
 * Electrons N(0, 1) bohr around their nuclei, in traps N(0, 1/ω), in formulas N(0, 1). Half of the walkers begin with the other spin on the
 * first atom.
 *
 * @returns  [walkers, N · dimension], electron by electron
 */
export function startWalkers(system: System, walkers: number, rng: Random): NdArray<"f32"> {
  const n = electronsOf(system);
  const { dimension, field } = system;
  const noise = rng.normal([walkers, n * dimension]);
  const scale = field.kind === "trap" ? 1 / Math.sqrt(field.omega) : 1;
  const places = [true, false].map((first) => (field.kind === "nuclei" ? atomsOfElectrons(system, first) : []));
  const nuclei = nucleiOf(system);
  const x = noise.data.map((xi, e) => {
    const [walker, k] = [Math.floor(e / (n * dimension)), e % (n * dimension)];
    const atom = places[walker % 2][Math.floor(k / dimension)];
    return xi * scale + (atom === undefined ? 0 : nuclei[atom].position[k % dimension]);
  });
  return ndarray(Float32Array.from(x), noise.shape, "f32");
}
