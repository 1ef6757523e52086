/** `pushforward binarize`: binary networks from a quantum hypernetwork. */
import { z } from "zod";
import { group } from "../../lab/command.ts";
import { importCounts } from "./import-counts.ts";
import { simulate } from "./simulate.ts";

export const binarize = group({
  name: "binarize",
  summary: "binary networks from a quantum hypernetwork, beside the exact optimum and classical searches",
  examples: ["pushforward binarize simulate circuit.qasm --table costs.txt"],
  options: z.object({}),
  commands: [simulate, importCounts],
});
