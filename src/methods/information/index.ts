/** `pushforward information`: how many nats one side knows of the other. */
import { z } from "zod";
import { group } from "../../lab/command.ts";
import { bounds } from "./bounds.ts";
import { energy } from "./energy.ts";
import { rate } from "./rate.ts";
import { representation } from "./representation.ts";

export const information = group({
  name: "information",
  summary: "mutual information: certified bounds from models, estimates from samples",
  examples: ["pushforward information bounds --decoder decoder.onnx --likelihood gaussian --variance 0.03"],
  options: z.object({}),
  commands: [bounds, rate, energy, representation],
});
