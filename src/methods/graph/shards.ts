/** Shards of `graph compress` as parts, for other processes and machines. */
import { type Encoded, encodeCoded, encodeGroup } from "../../coding/encode.ts";
import type { CodedShard } from "../../coding/encode-shards.ts";
import type { Graph } from "../../coding/graph.ts";
import { withOneMemory } from "../../coding/kernel.ts";
import { UserError } from "../../errors.ts";
import { jobOfParts, partOfJob } from "../../lab/job-parts.ts";
import type { WhoWorks, WorkPart } from "../../lab/parts.ts";
import type { Talk } from "./output.ts";

/** Shards that are neighbours, coded by one process, which reads the graph for itself. */
interface Group extends WorkPart {
  readonly index: number;
  readonly of: number;
}

/** What a group gives: plain JSON. */
type Packed = readonly { readonly edges: number; readonly bits: number; readonly head: string; readonly streams: string }[];

export interface ShardWork {
  readonly shards?: number;
  readonly lanes?: number;
  readonly memoryLimit: number;
}

/** Steps of a group, for the line of progress: hundredths. */
const steps = 100;

/** Most groups that are queued: machines of a queue are as many as there are, and each reads the graph once a group. */
const mostGroups = 64;

/** Other hands need a file that they can read, and something to split. @throws UserError */
export function checkHands(input: string, out: string, { shards = 1 }: ShardWork, { workers, queue, part }: WhoWorks): void {
  const [given] = Object.entries({ "--workers": workers, "--queue": queue, "--part": part }).find(([, value]) => value !== undefined) ?? [];
  if (given === undefined) return;
  if (shards < 2) throw new UserError(`${given} shares out the shards of a graph, and --shards says of none`, "add --shards 16, say");
  if (input === "-" || out === "-")
    throw new UserError(`${given} goes from file to file, not through standard input and output`, "name them");
}

/** One group, in the folder that a worker is given. @returns whether it came to its end */
export const compressGroup = (part: string, folder: string, load: () => Promise<Graph>, how: ShardWork, talk: Talk): Promise<boolean> =>
  partOfJob<Group>(part, folder, "compressing", talk, async ({ index, of }, tell): Promise<Packed> => {
    const g = await load();
    const options = {
      ...how,
      shards: how.shards ?? 1,
      onProgress: (done: number) => tell(Math.floor((steps * of * done) / (g.pairs.length / 2))),
    };
    const coded = await withOneMemory(async () => encodeGroup(g, options, { index, of }));
    return coded.map(({ edges, bits, head, streams }) => ({ edges, bits, head: packed(head), streams: packed(streams) }));
  });

/**
 * Has the groups done while the graph is read here, and makes the file of them.
 * @returns  nothing if it was stopped
 */
export function compressElsewhere<Made>(
  { out, graph }: { readonly out: string; readonly graph: () => Promise<Graph> },
  { shards = 1 }: ShardWork,
  talk: Talk,
  who: WhoWorks,
  make: (coded: Encoded) => Promise<Made>,
): Promise<Made | undefined> {
  const of = who.workers ?? Math.min(shards, mostGroups);
  const groups = Array.from({ length: of }, (_, index): Group => ({ name: `group-${index}-of-${of}`, steps, index, of }));
  return jobOfParts<Group, Packed, Made>(groups, `${out}.parts`, "compressing", talk, who, async (results) => {
    const coded = results
      .flat()
      .map(({ edges, bits, head, streams }): CodedShard => ({ edges, bits, head: unpacked(head), streams: unpacked(streams) }));
    return make(encodeCoded(await graph(), coded, shards));
  });
}

const packed = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const unpacked = (text: string): Uint8Array => Buffer.from(text, "base64");
