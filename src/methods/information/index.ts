/** `pushforward information`: how many nats one side knows of the other. */
import { z } from "zod";
import { group } from "../../lab/command.ts";
import { bounds } from "./bounds.ts";
import { energy } from "./energy.ts";
import { rate } from "./rate.ts";
import { representation } from "./representation.ts";
import { samples } from "./samples.ts";

export const information = group({
  name: "information",
  summary: "mutual information: certified bounds from models, estimates from samples",
  examples: [
    "pushforward information bounds --decoder decoder.onnx --likelihood gaussian --variance 0.03",
    "pushforward information samples pairs.csv --x x1..x3 --z z1,z2",
  ],
  options: z.object({}),
  commands: [bounds, energy, samples, representation, rate],
});
