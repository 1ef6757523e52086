/**
 * Steering measured: twists by every loss, bounds against particles, infilling, scores with β. Each row is one run of the command; its
 * line is printed above the table.
 *
 *   npm run study:steer -- [--only losses,forms,rare,infill,sentiment,reviews] [--losses ctl,dpg,…] [--forms all] [--seeds 3] [--steps 512]
 *                          [--draws 2000] [--threads 1]
 *
 * The model is stories260K of $PUSHFORWARD_DATA (default ../shared/data). losses: φ = sigmoid(-1.5 (AFINN + 3)), 20 tokens, 100 texts a
 * step, Adam at 1e-3 (rl and pcl at 3e-4), --draws exact draws by rejection. forms: the same score by bodies, outputs, laws of texts and
 * replay. rare: AFINN ≤ -4, -5. infill: 2 tokens before 1, and 10 before 5. sentiment: VADER with β. reviews: a model of food reviews, a
 * classifier of their stars as the score, and another classifier, trained on other reviews, as the judge; all three by `pushforward train`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { estimate } from "../src/sampling/index.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "losses,forms,rare,infill,sentiment,reviews" },
    forms: { type: "string", default: "all" },
    draws: { type: "string", default: "2000" },
    losses: { type: "string", default: "ctl,dpg,sixo,fudge,rl,pcl,log-variance,reinforce,ppo" },
    seeds: { type: "string", default: "3" },
    steps: { type: "string", default: "512" },
    threads: { type: "string", default: "1" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "study-steer-"));
const shared = process.env.PUSHFORWARD_DATA ?? "../shared/data";
const model = join(shared, "lm-stories260K/stories260K.bin");
const program = new URL("../bin/pushforward.js", import.meta.url).pathname;
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i);
const opening = "Once upon a time, there was a";

interface Results {
  readonly run: string;
  readonly logZ: { readonly lower: number; readonly upper?: number; readonly lowerSe: number; readonly upperSe?: number };
  readonly kl: { readonly qToTarget: number | null; readonly targetToQ: number | null };
  readonly ladder?: readonly {
    readonly particles: number;
    readonly lower: number | null;
    readonly upper?: number;
    readonly lowerSe: number;
    readonly upperSe?: number;
  }[];
  readonly curve?: readonly { readonly step: number; readonly qToTarget: number; readonly targetToQ?: number }[];
  readonly accepted?: number;
  readonly meanLogPotential?: { readonly steered: number; readonly model: number };
  readonly seconds: number;
}

let runs = 0;
/** One run of a command; its last line of JSON. */
function pushforward(...args: string[]): Results {
  const out = join(folder, String(runs++));
  const words = args.map((a) => (/[\s<>]/.test(a) ? `"${a}"` : a)).join(" ");
  process.stderr.write(`pushforward ${words.replaceAll(`${folder}/`, "").replace(model, "stories260K.bin")}\n`);
  const lines = execFileSync(process.execPath, [program, ...args, "--out", out, "--json", "--threads", values.threads], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 28,
  });
  return { ...JSON.parse(lines.trim().split("\n").at(-1)!), run: out };
}
const run = (verb: string, ...args: string[]): Results => pushforward("steer", verb, "--model", model, ...args);

const table = (title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void => {
  console.log(`\n### ${title}\n\n| ${columns.join(" | ")} |\n|${columns.map(() => "---|").join("")}`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
};
const spread = (list: readonly (number | null | undefined)[]): string => {
  const known = list.filter((x): x is number => x !== null && x !== undefined);
  if (known.length === 0) return "–";
  const { mean, error } = estimate(known);
  return known.length > 1 ? `${mean.toFixed(2)} ± ${error.toFixed(2)}` : mean.toFixed(2);
};
const both = (list: readonly { readonly qToTarget: number | null; readonly targetToQ?: number | null }[]): string =>
  `${spread(list.map((r) => r.qToTarget))} / ${spread(list.map((r) => r.targetToQ))}`;

const soft = ["--prompt", opening, "--length", "20", "--potential", "afinn", "--slope", "-1.5", "--threshold", "-3"];

/** Exact draws of the soft score, which all rows are weighed by. */
function softDraws(): string {
  const exact = run("exact", ...soft, "--texts", values.draws, "--exact-budget", "400000");
  console.log(`\naccepted by rejection: ${(100 * exact.accepted!).toFixed(3)} %`);
  return join(exact.run, "artifacts/texts.jsonl");
}

const steps = Number(values.steps);
const marks = [64, 256, 512].filter((s) => s <= steps);
type Row = readonly [name: string, ...args: string[]];

function learned(title: string, file: string, rows: readonly Row[]): void {
  const cells = rows.map(([name, ...args]) => {
    const all = seeds.map((seed) => run("train", ...soft, "--steps", String(steps), "--exact", file, "--seed", String(seed), ...args));
    const at = (step: number): string => both(all.map((r) => r.curve?.find((row) => row.step === step) ?? { qToTarget: null }));
    return [name, ...marks.map(at), both(all.map((r) => r.kl)), spread(all.map((r) => r.seconds))];
  });
  table(
    `KL(q ‖ σ) / KL(σ ‖ q) ${title}, ${seeds.length} seeds`,
    ["", ...marks.map((m) => `${m} updates`), "end, 2,000 texts", "seconds"],
    cells,
  );
}

function losses(): void {
  const rows = values.losses.split(",").map((loss): Row => {
    const rate = loss.startsWith("rl") || loss.startsWith("pcl") || loss === "cd-mean" ? "3e-4" : "1e-3";
    return [loss, "--loss", loss, "--lr", rate];
  });
  learned("of learned proposals", softDraws(), rows);
}

function forms(): void {
  const file = softDraws();
  const asked = values.forms.split(",");
  const wanted = (name: string): boolean => values.forms === "all" || asked.includes(name);
  const proposal = wanted("ratio")
    ? run("train", ...soft, "--loss", "dpg", "--lr", "1e-3", "--steps", "64", "--exact-budget", "0").run
    : "";
  const rows: readonly Row[] = [
    ["frozen", "--loss", "ctl", "--lr", "1e-3"],
    ["mixture", "--loss", "ctl", "--lr", "1e-3", "--law", "mixture"],
    ["replay", "--loss", "ctl", "--lr", "1e-3", "--replay", "1000"],
    ["copy", "--loss", "ctl", "--lr", "3e-4", "--body", "copy"],
    ["lora", "--loss", "ctl", "--lr", "1e-3", "--body", "lora"],
    ["copy-p-psi", "--loss", "dpg", "--lr", "3e-4", "--body", "copy", "--form", "p-psi"],
    ["lora-p-psi", "--loss", "dpg", "--lr", "1e-3", "--body", "lora", "--form", "p-psi"],
    ["ratio", "--loss", "ctl", "--lr", "1e-3", "--form", "ratio", "--around", join(proposal, "artifacts/twist.safetensors")],
  ];
  learned(
    "of twists by what they are made of",
    file,
    rows.filter(([name]) => wanted(name)),
  );
}

function rare(): void {
  for (const threshold of ["-4", "-5"]) {
    const target = ["--prompt", opening, "--length", "20", "--potential", `afinn<=${threshold}`];
    const exact = run("exact", ...target, "--texts", "20", "--exact-budget", "400000");
    const file = join(exact.run, "artifacts/texts.jsonl");
    const soften = ["--floor", "1e-16"];
    // learned on the soft score, which has something to teach before the set is hit
    const twist = run("train", ...soft, "--loss", "ctl", "--steps", values.steps, "--lr", "1e-3", "--exact-budget", "0");
    const path = join(twist.run, "artifacts/twist.safetensors");
    const bounds = (...more: string[]) =>
      run("bounds", ...target, ...soften, "--exact", file, "--particles", "256", "--runs", "20", "--draws", "200", ...more);
    const kinds = {
      "base, never": bounds("--twist", "none", "--resample", "never"),
      "twist, never": bounds("--twist", path, "--resample", "never"),
      "twist, 0.5": bounds("--twist", path),
    };
    table(
      `log Z of AFINN ≤ ${threshold}: lower / upper, 20 runs (accepted by rejection: ${(100 * exact.accepted!).toFixed(4)} %)`,
      ["sampler", ...kinds["base, never"].ladder!.map((r) => `K = ${r.particles}`)],
      Object.entries(kinds).map(([name, r]) => [
        name,
        ...r.ladder!.map((rung) => `${rung.lower?.toFixed(2)} / ${rung.upper?.toFixed(2) ?? "–"}`),
      ]),
    );
  }
}

function infill(): void {
  for (const [length, suffix] of [
    ["2", "1"],
    ["10", "5"],
  ]) {
    const target = ["--prompt", opening, "--length", length];
    const base = run("infill", ...target, "--simulate", suffix, "--runs", "500", "--particles", "64");
    const rows = ["dpg", "ctl", "sixo", "fudge", "reinforce"].map((loss) => {
      const all = seeds.map((seed) =>
        run("train", ...target, "--infill", suffix, "--loss", loss, "--steps", values.steps, "--lr", "1e-3", "--seed", String(seed)),
      );
      return [loss, both(all.map((r) => r.kl)), spread(all.map((r) => r.logZ.lower)), spread(all.map((r) => r.logZ.upper))];
    });
    table(
      `Infilling, ${length} tokens before ${suffix}: E_o over simulated endings`,
      ["loss", "KL(q ‖ σ) / KL(σ ‖ q)", "log Z, lower", "log Z, upper"],
      [["model", both([base.kl]), base.logZ.lower.toFixed(3), base.logZ.upper!.toFixed(3)], ...rows],
    );
  }
}

function sentiment(): void {
  const rows = ["1", "5", "20"].map((beta) => {
    const target = ["--prompt", opening, "--length", "20", "--potential", "vader", "--beta", beta];
    const twist = run("train", ...target, "--loss", "ctl", "--steps", values.steps, "--lr", "1e-3", "--exact-budget", "20000");
    const path = join(twist.run, "artifacts/twist.safetensors");
    const sample = run("sample", ...target, "--twist", path, "--particles", "256");
    const { steered, model: before } = sample.meanLogPotential!;
    return [
      beta,
      both([twist.kl]),
      twist.logZ.lower.toFixed(3),
      twist.logZ.upper?.toFixed(3) ?? "–",
      (before / Number(beta)).toFixed(3),
      (steered / Number(beta)).toFixed(3),
    ];
  });
  table(
    "VADER compound, φ = e^(β compound), twists by ctl",
    ["β", "KL(q ‖ σ) / KL(σ ‖ q)", "log Z, lower", "log Z, upper", "mean compound, model", "steered"],
    rows,
  );
}

interface Review {
  readonly split: string;
  readonly score: string;
  readonly text: string;
}

/** Training reviews, cleaned of marks of lines, in three parts: for the language model, for the classifier that steers, and for the judge. */
function reviewParts(): Record<"written" | "score" | "judge", Review[]> {
  const lines = gunzipSync(readFileSync(join(shared, "text-fine-foods/fine_foods.jsonl.gz")))
    .toString("utf8")
    .trim()
    .split("\n");
  const all = lines
    .map((line): Review => JSON.parse(line))
    .filter(({ split }) => split === "train")
    .map((review) => ({ ...review, text: review.text.replaceAll(/<br ?\/?>|\s+/g, " ").trim() }));
  return { written: all, score: all.filter((_, i) => i % 2 === 0), judge: all.filter((_, i) => i % 2 === 1) };
}

/** A classifier of the stars of reviews, and of texts that are cut where those of the model will be. */
function classifierOf(name: string, reviews: readonly Review[]): string {
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, reviews.map(({ text, score }) => JSON.stringify({ text: text.slice(0, 160), score })).join("\n"));
  return pushforward("train", file, "--text", "text", "--target", "score").run;
}

/** Share of texts that the judge takes for a class, by its own probabilities. */
function judged(judge: string, texts: readonly string[], wanted: string): string {
  const [file, out] = [join(folder, `texts-${runs}.jsonl`), join(folder, `judged-${runs}.csv`)];
  writeFileSync(file, texts.map((text) => JSON.stringify({ text: text || " " })).join("\n"));
  execFileSync(process.execPath, [program, "predict", judge, file, "--out", out, "--quiet"], { stdio: ["ignore", "ignore", "inherit"] });
  const [head, ...rows] = readFileSync(out, "utf8").trim().split("\n");
  const column = head.split(",").findIndex((name) => name.includes(wanted));
  const { mean, error } = estimate(rows.map((row) => Number(row.split(",").at(column - head.split(",").length))));
  return `${mean.toFixed(3)} ± ${error.toFixed(3)}`;
}

const textsOf = (path: string): string[] =>
  readFileSync(join(path, "artifacts/texts.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).text);

function reviews(): void {
  const { written, score, judge } = reviewParts();
  const corpus = join(folder, "reviews.txt");
  writeFileSync(corpus, written.map(({ text }) => text).join("\n<|endoftext|>\n"));
  const sizes = ["--context", "64", "--width", "128", "--depth", "3", "--batch", "16", "--steps", "1500", "--optimizer", "muon"];
  const own = pushforward("train", corpus, "--tokens", "bpe:1024", ...sizes).run;
  const [steering, other] = [classifierOf("score", score), classifierOf("judge", judge)];
  const rows = ["great", "other"].flatMap((wanted) =>
    ["1", "5"].map((beta) => {
      const common = ["--model", own, "--prompt", "This", "--length", "30", "--potential", join(steering, "artifacts/model.onnx")];
      const target = [...common, "--class", wanted, "--beta", beta];
      const learn = ["--loss", "ctl", "--lr", "1e-3", "--steps", values.steps, "--exact-budget", "20000"];
      const twist = pushforward("steer", "train", ...target, ...learn);
      const path = join(twist.run, "artifacts/twist.safetensors");
      const sample = pushforward(
        "steer",
        "sample",
        ...target,
        "--twist",
        path,
        "--particles",
        "256",
        "--resample",
        "never",
        "--power",
        "1",
      );
      const exact = pushforward("steer", "exact", ...target, "--texts", "256", "--exact-budget", "40000");
      const free = pushforward("steer", "sample", ...target, "--twist", "none", "--particles", "256", "--resample", "never");
      const by = (path: string): string => judged(other, textsOf(path), wanted);
      return [
        ...[wanted, beta, both([twist.kl]), twist.logZ.lower.toFixed(3), twist.logZ.upper?.toFixed(3) ?? "–"],
        ...[by(free.run), by(sample.run), by(exact.run)],
      ];
    }),
  );
  table(
    "Reviews by stars: probability of the class by a judge that was trained on other reviews",
    ["class", "β", "KL(q ‖ σ) / KL(σ ‖ q)", "log Z, lower", "log Z, upper", "texts of the model", "steered", "exact"],
    rows,
  );
}

const parts = { losses, forms, rare, infill, sentiment, reviews };
for (const name of values.only.split(",")) {
  if (!(name in parts)) throw new Error(`--only ${name}: there are ${Object.keys(parts).join(", ")}`);
  parts[name as keyof typeof parts]();
}
