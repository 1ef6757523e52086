/** `pushforward trajectories inspect`. */
import type { Population } from "../../data/population.ts";
import { inspectSnapshots as inspect, inspectionText } from "../../transport/index.ts";

/** The results of the command, as data and as text. */
export function inspectSnapshots(data: Population, { seed }: { seed: number }): { results: Record<string, unknown>; text: string[] } {
  const inspection = inspect(data, seed);
  return { results: { name: data.name, features: data.features, ...inspection }, text: inspectionText(data, inspection) };
}
