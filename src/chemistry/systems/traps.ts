/** Electrons in a harmonic trap, ½ ω² |x|² each: quantum dots in one, two or three dimensions. */
import { nearest, UserError } from "../../errors.ts";
import type { Reference, System } from "./system.ts";

export interface Trap {
  readonly dimension: 1 | 2 | 3;
  readonly omega: number;
  readonly up: number;
  readonly down: number;
  /** Factor of the repulsion; 0 for electrons that do not see each other. */
  readonly repulsion: number;
  /** In bohr. */
  readonly softening: number;
}

const defaults: Trap = { dimension: 2, omega: 1, up: 1, down: 1, repulsion: 1, softening: 0 };

/** Text of traps: "dot", "dot dimension=3 omega=0.5", "trap up=3 down=3". */
export const isTrap = (text: string): boolean => /^(dot|trap)(\s|,|$)/i.test(text.trim());

/** @throws UserError  for words that are no trap's */
export function parseTrap(text: string): Trap {
  const words = text
    .trim()
    .split(/[\s,]+/)
    .slice(1)
    .filter((word) => word !== "");
  const given = words.map((word): [string, number] => {
    const [, key, value] = /^(\w+)=(.+)$/.exec(word) ?? [];
    if (key === undefined || !Object.hasOwn(defaults, key)) {
      const guess = nearest(key ?? word, Object.keys(defaults));
      throw new UserError(
        `a trap has no "${key ?? word}"`,
        guess ? `did you mean ${guess}=…?` : 'write "dot dimension=2 omega=1 up=1 down=1"',
      );
    }
    const number = Number(value);
    if (!Number.isFinite(number)) throw new UserError(`trap: ${key} is "${value}", which is no finite number`);
    return [key, number];
  });
  const twice = given.find(([key], i) => given.findIndex(([other]) => other === key) !== i);
  if (twice) throw new UserError(`trap: ${twice[0]} is given twice`);
  return checkTrap({ ...defaults, ...Object.fromEntries(given) });
}

/** @throws UserError  for what no trap can be */
function checkTrap(trap: { readonly [K in keyof Trap]: number }): Trap {
  const { dimension, omega, up, down, repulsion, softening } = trap;
  if (dimension !== 1 && dimension !== 2 && dimension !== 3) throw new UserError(`trap: dimension is 1, 2 or 3, not ${dimension}`);
  if (!(omega > 0)) throw new UserError(`trap: omega, in hartree, is above 0, not ${omega}`);
  for (const [name, count] of [["up", up] as const, ["down", down] as const])
    if (!(Number.isInteger(count) && count >= 0)) throw new UserError(`trap: ${name} is a number of electrons, not ${count}`);
  if (up + down === 0) throw new UserError("trap: there are no electrons", "give up=1 or more");
  if (!(repulsion >= 0)) throw new UserError(`trap: repulsion is 0 (none) or above, not ${repulsion}: electrons repel each other`);
  if (!(softening >= 0)) throw new UserError(`trap: softening, in bohr, is 0 or above, not ${softening}`);
  if (dimension === 1 && up > 0 && down > 0 && repulsion > 0 && softening === 0)
    throw new UserError(
      "trap: in one dimension 1/|x| keeps electrons of opposite spin apart for ever: their energy with it is not what it seems",
      "soften it (softening=1), or use repulsion=0",
    );
  return { dimension, omega, up, down, repulsion, softening };
}

export function trapSystem(trap: Trap): System {
  const { dimension, omega, up, down, repulsion, softening } = trap;
  const n = up + down;
  const name = `dot-${dimension}d-${up}-${down}-omega${omega}${repulsion === 0 ? "-free" : ""}`;
  const held = `${n} electron${n === 1 ? "" : "s"} (${up} up, ${down} down) in a ${dimension}-d trap, ω = ${omega}`;
  const how =
    repulsion === 0
      ? ", without repulsion"
      : softening > 0
        ? `, softened by ${softening} a0`
        : repulsion === 1
          ? ""
          : `, repulsion ${repulsion}`;
  return {
    name,
    title: held + how,
    dimension,
    field: { kind: "trap", omega },
    up,
    down,
    repulsion,
    softening,
    reference: referenceOf(trap),
  };
}

/** Two electrons by d, spin and ω: radial expansion of 26 functions in 60 digits. ω = 1 (2-d) and ½, 0.1 (3-d) have closed forms. */
const pairs: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  "2 singlet": { 0.01: 0.0738350408, 0.1: 0.440791888, 0.25: 0.93014058, 0.28: 1.021644014, 0.5: 1.65977215, 1: 3 },
  "2 triplet": { 0.01: 0.0752807086, 0.1: 0.472541568, 0.25: 1.035437956, 0.28: 1.143470662, 0.5: 1.913933302, 1: 3.596498882 },
  "3 singlet": { 0.01: 0.0792052853, 0.1: 0.5, 0.25: 1.089262056, 0.28: 1.201717852, 0.5: 2, 1: 3.730120954 },
  "3 triplet": { 0.01: 0.0819748415, 0.1: 0.553172794, 0.25: 1.25, 0.28: 1.385412392, 0.5: 2.35965706, 1: 4.515076708 },
};

/** Closed shells in two dimensions by n and ω: energy and error of diffusion Monte Carlo. */
const closed: Readonly<Record<number, Readonly<Record<number, readonly [number, number]>>>> = {
  6: { 1: [20.1597, 2e-4], 0.5: [11.7888, 2e-4], 0.28: [7.6001, 1e-4], 0.1: [3.5539, 1e-4] },
  12: { 1: [65.7001, 1e-4] },
  20: { 1: [155.882, 1e-3] },
};

function referenceOf({ dimension, omega, up, down, repulsion, softening }: Trap): Reference | undefined {
  if (repulsion === 0 || up + down === 1)
    return { energy: omega * (levels(dimension, up) + levels(dimension, down)), source: "exact: shells of the oscillator filled" };
  if (repulsion !== 1 || softening !== 0) return undefined;
  const spin = up === 1 && down === 1 ? "singlet" : "triplet";
  const two = up + down === 2 ? pairs[`${dimension} ${spin}`]?.[omega] : undefined;
  if (two !== undefined) return { energy: two, source: "exact: radial equation of two electrons" };
  const [energy, error] = (dimension === 2 && up === down && closed[up + down]?.[omega]) || [];
  return energy === undefined ? undefined : { energy, error, source: "diffusion Monte Carlo, literature" };
}

/** Sum of the n lowest levels k + d/2 of the oscillator of d dimensions; level k is C(k + d - 1, d - 1)-fold. */
function levels(d: 1 | 2 | 3, n: number): number {
  let [sum, left] = [0, n];
  for (let k = 0; left > 0; k++) {
    const states = d === 1 ? 1 : d === 2 ? k + 1 : ((k + 1) * (k + 2)) / 2;
    sum += Math.min(left, states) * (k + d / 2);
    left -= states;
  }
  return sum;
}
