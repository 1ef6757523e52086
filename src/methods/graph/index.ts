/** `pushforward graph`: labelled graphs as small as their models allow. */
import { z } from "zod";
import { group } from "../../lab/command.ts";
import { compress } from "./compress.ts";
import { decompress } from "./decompress.ts";
import { inspect } from "./inspect.ts";
import { verify } from "./verify.ts";

export const graph = group({
  name: "graph",
  summary: "compress, decompress, inspect and verify labelled graphs",
  examples: ["pushforward graph compress roads.txt.gz -o roads.pfg"],
  options: z.object({}),
  commands: [compress, decompress, inspect, verify],
});
