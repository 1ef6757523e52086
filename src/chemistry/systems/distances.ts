/** Are the nuclei where nuclei can be? */
import { UserError } from "../../errors.ts";
import type { Nucleus } from "./system.ts";

/** Nuclei nearer than this, in bohr, are taken for one that was written twice. */
const closest = 0.1;
/** No bond is shorter, none longer, in bohr: H2 is 1.4 a0, Cs2 8.8 a0 long. */
const plausible = [0.6, 20] as const;

const distance = (a: Nucleus, b: Nucleus): number => Math.hypot(...a.position.map((x, k) => x - b.position[k]));

/**
 * What is suspicious about the distances.
 * @throws UserError  for two nuclei in one place
 */
export function checkDistances(nuclei: readonly Nucleus[]): string[] {
  if (nuclei.length < 2) return [];
  const neighbour = nuclei.map((a, i) => {
    let least = Number.POSITIVE_INFINITY;
    nuclei.forEach((b, j) => {
      if (i === j) return;
      const d = distance(a, b);
      if (d < closest)
        throw new UserError(
          `nuclei ${Math.min(i, j) + 1} (${nuclei[Math.min(i, j)].symbol}) and ${Math.max(i, j) + 1} (${nuclei[Math.max(i, j)].symbol}) are ${d.toPrecision(2)} a0 apart`,
          `at least ${closest} a0 are needed: is a row there twice, or the unit wrong (--units)?`,
        );
      least = Math.min(least, d);
    });
    return least;
  });
  const said = (what: string, d: number): string[] => [`${what} (${d.toPrecision(3)} a0): is the geometry in Å or bohr? (--units)`];
  if (Math.max(...neighbour) < plausible[0]) return said("all neighbours are nearer than any bond", Math.max(...neighbour));
  if (Math.min(...neighbour) > plausible[1]) return said("all nuclei are farther apart than any bond", Math.min(...neighbour));
  return [];
}
