import { z } from "zod";
import { group } from "../../lab/command.ts";
import { posterior } from "./posterior.ts";

export const audit = group({
  name: "audit",
  summary: "how much of its private training data does a classifier give away?",
  examples: posterior.examples,
  options: z.object({}),
  commands: [posterior],
});
