/** A method that first finds out what to learn: the length of a stride, by trials of all that there are. Begun as a program it is a command for workers. */
import { appendFileSync, existsSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { ndarray } from "../../src/array/index.ts";
import { run } from "../../src/cli/program.ts";
import { choosing } from "../../src/lab/choosing.ts";
import { until } from "./appears.ts";

interface Trial {
  readonly name: string;
  readonly steps: number;
  readonly stride: number;
}

const state = (value: number) => ({ x: ndarray(Float64Array.of(value), [], "f64") });

export const strides = choosing({
  name: "strides",
  summary: "a walk with the best stride",
  examples: ["pushforward strides --auto"],
  input: { name: "[file]", description: "none is needed" },
  options: z.object({
    auto: z.boolean().default(false).describe("try strides"),
    stride: z.number().default(1).describe("length of a step"),
    steps: z.int().min(1).default(6).describe("steps"),
    gate: z.string().optional().describe("a file without which the second trial does not end"),
    trail: z.string().optional().describe("where each trial leaves its name"),
  }),
  metrics: { rows: ["x"], results: ["x", "stride"] },
  load: async () => ({ name: "road", title: "a road", source: "nowhere" }),
  prepare: async (source, given) => ({
    ...{ problem: { source, given }, source, label: "trying strides", folder: "strides", steps: 6 },
    ...{ config: given.auto ? { stride: undefined } : {}, warnings: ["a road"] },
  }),
  parts: ({ given }): readonly Trial[] =>
    given.auto ? [1, 2, 3].map((stride) => ({ name: `stride-${stride}`, steps: 2, stride: stride + 0.1 })) : [],
  async part({ name, stride }, { given: { trail, gate } }, { rng, step }) {
    if (trail) appendFileSync(trail, `${name}\n`);
    if (gate && name === "stride-2") await until(dirname(gate), () => existsSync(gate));
    if (!step(1) || !step(2)) return undefined;
    return { stride, distance: Math.abs(stride - 2.4) + 0.1 * rng.fold(name).uniform([1], "f64").data[0] };
  },
  async decide(finished, { source, given }) {
    const best = finished.map(({ result }) => result).sort((a, b) => a.distance - b.distance)[0];
    const stride = best?.stride ?? given.stride;
    return {
      ...{ problem: { stride }, source, label: "walking", folder: "strides", steps: given.steps },
      ...{ config: { stride }, warnings: [`the stride is ${stride}`] },
    };
  },
  learner: ({ stride }) => ({
    init: () => state(0),
    async step({ x }: ReturnType<typeof state>, rng) {
      const next = x.data[0] + stride * rng.uniform([1], "f64").data[0];
      return { state: state(next), metrics: { x: next } };
    },
  }),
  conclude: async ({ state: { x } }, { stride }) => ({
    ...{ title: "Strides", summary: `A stride of ${stride}.`, numbers: [], warnings: [] },
    results: { x: x.data[0], stride },
    text: () => [`walked to ${x.data[0]}`],
  }),
  figures: () => [],
});

if (process.argv[1]?.endsWith("choosing.ts"))
  process.exitCode = await run(process.argv.slice(2), [{ name: "strides", summary: strides.summary, load: async () => strides }]);
