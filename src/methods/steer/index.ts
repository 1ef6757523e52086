/** `pushforward steer`: sample from a language model tilted by a score, and know how wrong the sampler is. */
import { z } from "zod";
import { group } from "../../lab/command.ts";
import { bounds } from "./bounds.ts";
import { compare } from "./compare.ts";
import { exact } from "./exact.ts";
import { infill } from "./infill.ts";
import { kl } from "./kl.ts";
import { sample } from "./sample.ts";
import { train } from "./train.ts";

export const steer = group({
  name: "steer",
  summary: "texts of a language model tilted by a score, with bounds that say how wrong the sampler is",
  examples: [
    'pushforward steer sample --prompt "The king said" --potential afinn',
    "pushforward steer bounds --model chain.json --length 6 --potential contains:good",
  ],
  options: z.object({}),
  commands: [sample, train, bounds, kl, infill, exact, compare],
});
