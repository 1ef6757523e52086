/** Walkers that went where no wave function is. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { nucleiOf, type System } from "../systems/system.ts";

/** An electron this far from every nucleus, in bohr, or this many lengths of the oscillator from the middle of a trap, does not come back soon. */
const [farFromNuclei, farFromTrap] = [40, 20];

/** Is an electron of the walker lost? */
function isFar({ dimension, field, ...system }: System, x: Float32Array): boolean {
  const centres = field.kind === "nuclei" ? nucleiOf({ field, ...system }).map(({ position }) => position) : [[0, 0, 0]];
  const reach =
    field.kind === "nuclei" ? farFromNuclei : field.kind === "trap" ? farFromTrap / Math.sqrt(field.omega) : Number.POSITIVE_INFINITY;
  for (let at = 0; at < x.length; at += dimension) {
    const near = centres.some((centre) => {
      let square = 0;
      for (let c = 0; c < dimension; c++) square += (x[at + c] - centre[c]) ** 2;
      return square <= reach * reach;
    });
    if (!near) return true;
  }
  return false;
}

/**
 * Replaces walkers whose density is no number or whose electrons are far out by copies of others, drawn at random. That biases a sample by as much as
 * such walkers belong to it, which is nothing: their density is 0 to working precision.
 *
 * @param logDensity  log q of each walker
 * @returns  the same array where none was lost
 */
export function revived(system: System, x: NdArray, logDensity: NdArray, rng: Random): { readonly x: NdArray; readonly count: number } {
  const [walkers, width] = x.shape;
  const data = x.data as Float32Array;
  const healthy: number[] = [];
  const lost: number[] = [];
  for (let b = 0; b < walkers; b++) {
    const fine = Number.isFinite(Number(logDensity.data[b])) && !isFar(system, data.subarray(b * width, (b + 1) * width));
    (fine ? healthy : lost).push(b);
  }
  if (lost.length === 0 || healthy.length === 0) return { x, count: lost.length };
  const next = Float32Array.from(data);
  const donors = rng.integers(0, healthy.length, [lost.length]);
  lost.forEach((b, k) => {
    const donor = healthy[Number(donors.data[k])];
    next.set(data.subarray(donor * width, (donor + 1) * width), b * width);
  });
  return { x: ndarray(next, x.shape, "f32"), count: lost.length };
}
