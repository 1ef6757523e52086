/** Options of every kind. */
import { z } from "zod";

export const sampleOptions = z.object({
  steps: z.int().min(1).default(3000).describe("steps of training"),
  rate: z.number().default(1e-3),
  holdOut: z.number().optional().describe("time to hold out"),
  method: z.enum(["am", "eam"]).default("am"),
  whiten: z.boolean().default(false),
});
