/**
 * Random graphs (tiny to 10,000 edges; loops, repeats, isolated vertices, direction, names, sparse numbers) through every model and back,
 * then damaged
 * files: mutated or cut, half of them with a checksum that fits.
 *
 *   npm run study:graph [-- --graphs 1000000 --files 100000 --seed 1]
 *
 * Prints one JSON line. Any difference, any error that is not a message for the user, ends it.
 */
import { parseArgs } from "node:util";
import { random } from "../test/coding/known.ts";
import { corrupted, mixedGraph, roundTrip } from "../test/coding/study.ts";

const { values } = parseArgs({
  options: {
    graphs: { type: "string", default: "1000000" },
    files: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
  },
});
const [graphs, files, seed] = [values.graphs, values.files, values.seed].map(Number);
const below = random(seed);
const models = new Map<string, number>();
let edges = 0;
const start = performance.now();
const seconds = () => Math.round((performance.now() - start) / 1000);
for (let i = 0; i < graphs; i++) {
  const g = mixedGraph(below, i % 1000 === 0 ? 10_000 : i % 10 === 0 ? 300 : 24);
  edges += g.pairs.length / 2;
  const model = roundTrip(g, below);
  models.set(model, (models.get(model) ?? 0) + 1);
  if (i % 100_000 === 0) console.error(`${i} graphs, ${seconds()} s`);
}
let [caught, slowest, memory] = [0, 0, 0];
for (let i = 0; i < files; i++) {
  const before = performance.now();
  if (corrupted(mixedGraph(below, i % 100 === 0 ? 1000 : 40), below)) caught++;
  slowest = Math.max(slowest, performance.now() - before);
  memory = Math.max(memory, process.memoryUsage.rss());
}
console.log(
  JSON.stringify({
    graphs,
    edges,
    models: Object.fromEntries(models),
    files,
    caught,
    slowestMilliseconds: Math.round(slowest),
    peakMebibytes: Math.round(memory / 2 ** 20),
    seed,
    seconds: seconds(),
  }),
);
