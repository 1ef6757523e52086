/**
 * Mutual information where it is known, and of models that others or this tree trained: certified intervals, energies, and what caps do.
 * Every row is one run of the command; its line is printed above the table.
 *
 *   npm run study:information -- [--only linear,decoder,models,energy] [--models FOLDER] [--seed 1]
 *
 * linear: linear-Gaussian models of the reference table. decoder: the MNIST decoder and encoder of $PUSHFORWARD_DATA/vae-bdmc-mnist
 * (default ../shared/data). models: run folders of `pushforward train --model vae|gan` below FOLDER, named vae2, vae10, vae10b (Bernoulli), gan2, gan10.
 * energy: correlated normals, and the decoder's pairs.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ndarray, writeNpy } from "../src/array/index.ts";
import { type Bound, linearInformation, sineWeights } from "../src/information/index.ts";
import { withError } from "../src/numbers.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "linear,decoder,models,energy" },
    models: { type: "string", default: "runs" },
    seed: { type: "string", default: "1" },
    threads: { type: "string" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "study-information-"));
const shared = process.env.PUSHFORWARD_DATA ?? "../shared/data";
const program = new URL("../bin/pushforward.js", import.meta.url).pathname;

interface Results {
  readonly interval: readonly [number, number | null];
  readonly bounds: readonly Bound[];
  readonly seconds: number;
  readonly acceptance: number;
  readonly warnings: readonly string[];
}

let runs = 0;
/** One run of the command; its last line of JSON. */
function run(args: string): Results {
  const words = args.split(" ").filter(Boolean);
  const more = [
    "--seed",
    values.seed,
    "--out",
    join(folder, String(runs++)),
    "--json",
    ...(values.threads ? ["--threads", values.threads] : []),
  ];
  process.stderr.write(`pushforward information ${args} --seed ${values.seed}\n`);
  const lines = execFileSync(process.execPath, [program, "information", ...words, ...more], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(lines.trim().split("\n").at(-1)!);
}

const shown = ({ bounds }: Results, name: string, kind: Bound["kind"]): string => {
  const bound = bounds.find((b) => b.name === name && b.kind === kind);
  return bound ? withError(bound.mean, bound.se) : "";
};
const table = (title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void => {
  console.log(`\n### ${title}\n\n| ${columns.join(" | ")} |\n|${columns.map(() => "---|").join("")}`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
};
const bracket = (r: Results): string[] => [
  shown(r, "annealed, one chain", "lower"),
  shown(r, "annealed, mixture", "lower"),
  shown(r, "annealed, reverse chains", "lower"),
  shown(r, "annealed, mixture", "upper"),
  shown(r, "annealed, one chain", "upper"),
  (r.interval[1]! - r.interval[0]).toFixed(2),
  r.acceptance.toFixed(2),
  r.seconds.toFixed(0),
];
const bracketColumns = [
  "one chain, lower",
  "mixture, lower",
  "reverse, lower",
  "mixture, upper",
  "one chain, upper",
  "interval",
  "acceptance",
  "s",
];

function linear(): void {
  const cases = [
    [20, 10, 0.01, "adaptive", 500],
    [20, 10, 0.01, "sigmoid:4", 500],
    [20, 10, 0.01, "linear", 500],
    [784, 10, 0.03, "adaptive", 500],
    [784, 10, 0.03, "sigmoid:8", 500],
    [784, 10, 0.03, "adaptive", 2000],
    [100, 20, 0.01, "adaptive", 500],
  ] as const;
  const rows = cases.map(([D, d, variance, schedule, T]) => {
    const weights = sineWeights(D, d);
    const file = join(folder, `weights-${D}-${d}.npy`);
    if (!existsSync(file)) writeFileSync(file, writeNpy(ndarray(Float64Array.from(weights.data), weights.shape, "f64")));
    const r = run(`bounds --linear ${file} --variance ${variance} --pairs 128 --chains 8 --temperatures ${T} --schedule ${schedule}`);
    return [`${D}, ${d}, ${variance}`, linearInformation({ weights, variance: [variance] }).toFixed(3), schedule, String(T), ...bracket(r)];
  });
  table("Linear-Gaussian models, 128 pairs, 8 chains", ["D, d, σ²", "I", "schedule", "T", ...bracketColumns], rows);
}

function decoder(): void {
  const [d, e] = ["decoder", "encoder"].map((name) => join(shared, "vae-bdmc-mnist", `${name}.onnx`));
  const model = `${d} --likelihood bernoulli`;
  const rows = [
    ["prior", 250, `bounds ${model} --pairs 48 --chains 16 --temperatures 250`],
    ["encoder", 100, `bounds ${model} --encoder ${e} --pairs 48 --chains 16 --temperatures 100`],
    ["encoder", 250, `bounds ${model} --encoder ${e} --pairs 48 --chains 16 --temperatures 250`],
  ].map(([from, T, args]) => [String(from), String(T), ...bracket(run(String(args)))]);
  table("A Bernoulli decoder of MNIST (784-200-200-50), 48 pairs, 16 chains", ["chains from", "T", ...bracketColumns], rows);
}

function models(): void {
  const rows = ["vae2", "vae10", "vae10b", "gan2", "gan10"].flatMap((name) => {
    const path = join(values.models, name, "artifacts");
    const vae = existsSync(join(path, "decoder.onnx"));
    if (!vae && !existsSync(join(path, "generator.onnx"))) return [];
    const source = vae
      ? `${path}/decoder.onnx --encoder ${path}/encoder.onnx`
      : `${path}/generator.onnx --likelihood gaussian --variance 0.03`;
    const r = run(`bounds ${source} --pairs 64 --chains 8 --temperatures 150`);
    const iwae = r.bounds.filter((b) => b.name.startsWith("importance from the prior")).map((b) => withError(b.mean, b.se));
    return [[name, shown(r, "Barber-Agakov, proposal", "lower"), iwae.join(" to "), ...bracket(r)]];
  });
  table(
    "Models of MNIST trained here, 64 pairs, 8 chains, T = 150",
    ["model", "Barber-Agakov", "importance, prior, K = 1000", ...bracketColumns],
    rows,
  );
}

function energy(): void {
  const d = join(shared, "vae-bdmc-mnist", "decoder.onnx");
  const cases = [
    ["normals, ρ = 0.9, 20 dimensions (I = 16.607)", "energy --data gaussian --proposal prior"],
    ["the same, q learned", "energy --data gaussian"],
    ["decoder of MNIST", `energy ${d} --likelihood bernoulli`],
  ];
  const names = [
    ["Barber-Agakov", "lower"],
    ["InfoNCE", "lower"],
    ["GIWAE", "lower"],
    ["MINE-F", "lower"],
    ["MINE-DV", "estimate"],
    ["MINE-AIS, reverse chains", "lower"],
    ["MINE-AIS, mixture", "lower"],
    ["IBAL from forward chains", "estimate"],
    ["GIWAE", "upper"],
  ] as const;
  const rows = cases.map(([title, args]) => {
    const r = run(args);
    return [title, ...names.map(([name, kind]) => shown(r, name, kind)), r.seconds.toFixed(0)];
  });
  table(
    "Where only the prior is known",
    ["pairs", ...names.map(([name, kind]) => (kind === "upper" ? `${name}, upper` : name)), "s"],
    rows,
  );
}

const parts: Readonly<Record<string, () => void>> = { linear, decoder, models, energy };
for (const part of values.only.split(",")) parts[part]();
