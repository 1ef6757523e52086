/** `pushforward molecule`: electrons in molecules and traps. */
import { z } from "zod";
import { group } from "../../lab/command.ts";
import { hf } from "./hf.ts";

export const molecule = group({
  name: "molecule",
  summary: "ground states of molecules by Wasserstein quantum Monte Carlo",
  examples: ['pushforward molecule hf "N 0 0 0; N 0 0 2.068"'],
  options: z.object({}),
  commands: [hf],
});
