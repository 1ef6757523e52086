/** Which transitions are asked for, and between which groups. */
import { randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { UserError } from "../../errors.ts";
import type { PreparedPopulation } from "../learning/prepare.ts";
import { clustered } from "../motion/clusters.ts";
import { timePairs } from "../paths/split.ts";
import type { Lineage } from "./assess.ts";

/** What is asked for, in the user's words. */
export interface LineageOptions {
  readonly between?: string;
  readonly clusters?: number;
  readonly seed: number;
}

/** Groups that are made where the data name none. */
const defaultClusters = 6;

/**
 * Can it be told? Said before anything is learned.
 *
 * @throws UserError  for times that are not in the data, and clusters that nothing asks for
 */
export function checkLineage(data: Pick<Population, "times" | "timeLabels" | "groups">, { between, clusters }: LineageOptions): void {
  if (clusters !== undefined && between === undefined)
    throw new UserError("--clusters makes groups for --between, which is not given", 'add --between "0,4"');
  if (clusters !== undefined && data.groups) throw new UserError("give --group or --clusters, not both");
  if (between !== undefined) timePairs(data, between);
}

/** The pairs of times and the groups of all particles: the data's own, or clusters in the units of the training, with a word. */
export function lineageOf(
  data: Population,
  { clouds }: Pick<PreparedPopulation, "clouds">,
  { between, clusters = defaultClusters, seed }: LineageOptions,
): { lineage?: Lineage; notes: string[] } {
  if (between === undefined) return { notes: [] };
  const pairs = timePairs(data, between);
  if (data.groups) return { lineage: { pairs, groups: data.groups }, notes: [] };
  const groups = clustered(clouds, clusters, randomStream(seed).fold("clusters"));
  const made = new Set(groups.flat()).size;
  return {
    lineage: { pairs, groups },
    notes: [`no --group: transitions are between ${made} clusters of all particles (k-means; --clusters takes another number)`],
  };
}
