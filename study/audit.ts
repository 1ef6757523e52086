/**
 * `pushforward audit` measured: every attack on digits, families by their gaps, far public data, Omniglot, faces, avatars, defences, memory; and how long ten classes take.
 *
 *   npm run study:audit -- [--only digits,families,far,omniglot,faces,avatars,defences,memory,ten] [--attacks prior,…] [--seeds 3]
 *                          [--threads 1]
 *
 * --attacks are those of digits. By the calls that the command makes, with its default options; seeds begin at 1. digits, families and memory attack the target alone, the
 * others also the controls. far needs Debian's dataset-fashion-mnist, faces and omniglot $PUSHFORWARD_DATA (default ../shared/data).
 * Tables are Markdown, ± the standard error over seeds.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { allocate, type NdArray, ndarray, type Random, randomStream, sizeOf } from "../src/array/index.ts";
import { readIdx } from "../src/data/idx.ts";
import { builtInImages } from "../src/data/index.ts";
import { rowsOf } from "../src/distances/index.ts";
import type { Attempt } from "../src/inversion/attacks/attack.ts";
import { groundworkOf } from "../src/inversion/audit/groundwork.ts";
import type { AttackRecord, ClassRecord } from "../src/inversion/audit/judge.ts";
import type { Material } from "../src/inversion/audit/material.ts";
import { controlNames, type ModelName, session } from "../src/inversion/audit/session.ts";
import { outputDefences, trainedDefences } from "../src/inversion/audit/train.ts";
import type { Labelled } from "../src/inversion/labelled.ts";
import type { Prior } from "../src/inversion/prior.ts";
import { avatars } from "../src/methods/audit/avatars.ts";
import { digits, halved } from "../src/methods/audit/built-in.ts";
import type { Sides } from "../src/methods/audit/data.ts";
import { type AuditFound, auditFindings } from "../src/methods/audit/findings.ts";
import { auditOptions } from "../src/methods/audit/options.ts";
import { type AuditOptions, chosenAttacks, defencesOf, materialOf, type Problem, targetOptionsOf } from "../src/methods/audit/problem.ts";
import { estimate } from "../src/sampling/index.ts";
import { configure, constant, softmax } from "../src/tensor/index.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "digits,families,far,omniglot,faces,avatars,defences,memory,ten" },
    attacks: { type: "string", default: "prior,pixels,generative,map:0.01,map:0.1,ppa,lomma,deep-inversion,ked,plg,vmi,vmi:0" },
    seeds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
  },
});
configure({ threads: Number(values.threads) });
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const shared = process.env.PUSHFORWARD_DATA ?? "../shared/data";

function table(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  console.log([`\n### ${title}\n`, line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n"));
}

/** Mean over seeds, with its standard error where there are several. */
function spread(list: readonly (number | null)[], digits = 3): string {
  const known = list.filter((v): v is number => v !== null && Number.isFinite(v));
  if (known.length === 0) return "–";
  const { mean, error } = estimate(known);
  const few = known.length < list.length ? ` (${known.length} of ${list.length})` : "";
  return (known.length > 1 ? `${mean.toFixed(digits)} ± ${error.toFixed(digits)}` : mean.toFixed(digits)) + few;
}

const told = (what: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${what}\n`);

const optionsOf = (more: Partial<AuditOptions>): AuditOptions => z.object(auditOptions).parse(more);

/** Data, generator and the classifiers, as the command makes them. */
async function roomOf(sides: Sides, given: AuditOptions, seed: number) {
  const rng = randomStream(seed).fold("audit");
  const { material, notes } = await materialOf({ sides }, given, rng.fold("material"));
  const training = targetOptionsOf(given, false);
  const room = session(material, undefined, training, rng.fold("session"), () => {});
  return { material, notes, training, room, rng };
}

type Room = Awaited<ReturnType<typeof roomOf>>;

/** Attacks on the target alone. */
async function records({ material, room, rng }: Room, given: AuditOptions): Promise<AttackRecord[]> {
  const [{ classifier }, judge] = [await room.model("none"), await room.judge()];
  const { prior, publicRows, classes } = material;
  const attacked = { target: classifier, prior, publicRows, classes: [...classes.keys()], n: given.samples };
  const found: AttackRecord[] = [];
  for (const attack of chosenAttacks(given, false)) {
    const attempt = await attack.run(attacked, rng.fold("attack").fold(attack.name), () => {});
    found.push(await judge(classifier, attempt, attacked.classes, attack));
    told(`${material.title}: ${attack.name}, evaluator ${over(found[found.length - 1], (c) => c.evaluator.value).toFixed(3)}`);
  }
  return found;
}

/** Mean over classes. */
const over = ({ classes }: AttackRecord, f: (c: ClassRecord) => number | null): number =>
  classes.reduce((sum, c) => sum + (f(c) ?? Number.NaN) / classes.length, 0);

const columns = [
  "attack",
  "target",
  "evaluator",
  "nearest items",
  "pairs",
  "precision",
  "coverage",
  "Fréchet",
  "KL (nats)",
  "memory t",
  "p",
];

/** A line of the specification's table: the same attack at several seeds. */
function lineOf(name: string, all: readonly AttackRecord[]): string[] {
  const mean = (f: (c: ClassRecord) => number | null, digits = 3): string =>
    spread(
      all.map((r) => over(r, f)),
      digits,
    );
  const memory = (f: (m: Exclude<AttackRecord["memory"], { none: string }>) => number): string =>
    spread(all.map(({ memory: m }) => ("none" in m ? null : f(m))));
  return [
    name,
    mean((c) => c.target.value),
    mean((c) => c.evaluator.value),
    mean((c) => c.neighbours.value),
    mean((c) => c.pairs),
    mean((c) => c.precision),
    mean((c) => c.coverage),
    spread(
      all.map(({ frechet }) => ("none" in frechet ? null : frechet.value.mean)),
      1,
    ),
    mean((c) => c.posterior?.kl ?? null, 2),
    memory((m) => m.share.value),
    memory((m) => m.p),
  ];
}

/** The items of the test part, judged as if an attack had made them. */
async function realLine({ material, room }: Room): Promise<AttackRecord> {
  const { x, y } = material.test;
  const rows = material.classes.map((_, c) => Array.from(y.keys()).filter((i) => y[i] === c));
  const n = Math.min(...rows.map((r) => r.length));
  const some = rowsOf(
    x,
    rows.flatMap((r) => r.slice(0, n)),
  );
  const attempt: Attempt = { inputs: ndarray(some.data, [rows.length, n, x.shape[1]], "f32") };
  const judge = await room.judge();
  return judge((await room.model("none")).classifier, attempt, [...rows.keys()], { name: "real", title: "private items" });
}

async function everyAttack(): Promise<void> {
  const { attacks } = values;
  const sides = await digits(false);
  const all: AttackRecord[][] = [];
  const judges: number[][] = [];
  for (const seed of seeds) {
    const given = optionsOf({ attacks });
    const room = await roomOf(sides, given, seed);
    all.push([await realLine(room), ...(await records(room, given))]);
    judges.push([(await room.room.model("none")).accuracy, (await room.room.evaluator()).accuracy]);
  }
  table(
    `Digits, every attack, seeds ${seeds.join(", ")} (target ${spread(judges.map(([t]) => t))}, evaluator ${spread(judges.map(([, e]) => e))})`,
    columns,
    all[0].map(({ attack }, k) =>
      lineOf(
        attack === "real" ? "real private items" : attack,
        all.map((list) => list[k]),
      ),
    ),
  );
}

async function families(): Promise<void> {
  const sides = await digits(false);
  const rows: string[][] = [];
  for (const family of ["gaussian", "diagonal", "mixture", "flow"] as const) {
    const given = optionsOf({ attacks: "vmi", gammas: "1,0.1", family });
    const all: AttackRecord[][] = [];
    for (const seed of seeds) all.push((await records(await roomOf(sides, given, seed), given)).slice(1));
    for (const k of all[0].keys()) {
      const list = all.map((r) => r[k]);
      const mean = (f: (c: ClassRecord) => number | null, digits = 3): string =>
        spread(
          list.map((r) => over(r, f)),
          digits,
        );
      rows.push([
        family,
        String(list[0].classes[0].posterior?.gamma),
        mean((c) => c.posterior?.loss ?? null),
        mean((c) => c.posterior?.gap ?? null),
        mean((c) => c.posterior?.ess ?? null),
        mean((c) => c.evaluator.value),
        mean((c) => c.coverage),
      ]);
    }
  }
  table(
    `Families by the gap, digits, seeds ${seeds.join(", ")}`,
    ["family", "γ", "objective", "gap (nats)", "share of draws", "evaluator", "coverage"],
    rows,
  );
}

interface OfModel {
  readonly model: ModelName;
  readonly record: AttackRecord;
}

/** What the command does: the target, its defences and the controls under every attack, and the verdict. */
async function whole(
  sides: Sides,
  seed: number,
  more: Partial<AuditOptions>,
): Promise<{ found: AuditFound; records: readonly OfModel[]; notes: readonly string[] }> {
  const given = optionsOf({ attacks: "generative,vmi:0.1", ...more });
  const { material, notes, training, room, rng } = await roomOf(sides, given, seed);
  const attacks = chosenAttacks(given, false);
  const models: Problem["models"] = ["none", ...defencesOf(given.defences)];
  const attacked = [...material.classes.keys()];
  const problem: Problem = {
    material,
    models,
    attacks,
    attacked,
    training,
    samples: given.samples,
    blurred: { samples: true, items: true },
  };
  const groundwork = await groundworkOf(room, models, undefined);
  const judge = await room.judge();
  const { prior, publicRows, classes } = material;
  const found: OfModel[] = [];
  for (const model of [...models, ...controlNames])
    for (const attack of attacks) {
      if (attack.name === "prior" && model !== "none") continue;
      const { classifier } = await room.model(model);
      const attacked = { target: classifier, prior, publicRows, classes: [...classes.keys()], n: given.samples };
      const attempt = await attack.run(attacked, rng.fold("attack").fold(attack.name), () => {});
      found.push({ model, record: await judge(classifier, attempt, attacked.classes, attack) });
      told(`${material.title}: ${model}, ${attack.name}`);
    }
  return { found: auditFindings(problem, groundwork, found), records: found, notes };
}

const verdictColumns = ["data", "seed", "grade", "utility", "evaluator", "prior", "attack", "best control", "risk", "doubts"];

/** A whole audit in a line. */
function verdictLine(
  name: string,
  seed: number,
  { judged: [{ verdict, accuracy, records: all }], groundwork, decides }: AuditFound,
): string[] {
  const mean = (f: (c: (typeof verdict.classes)[number]) => number): string =>
    (verdict.classes.reduce((sum, c) => sum + f(c), 0) / verdict.classes.length).toFixed(3);
  const prior = all.find(({ attack }) => attack === "prior");
  return [
    ...[name, String(seed), verdict.grade, accuracy.toFixed(3), `${groundwork.evaluator.toFixed(3)}, ${decides} decide`],
    prior ? over(prior, (c) => (decides === "evaluator" ? c.evaluator.value : c.neighbours.value)).toFixed(3) : "",
    `${mean((c) => c.attack.value)} (${verdict.strongest.attack})`,
    ...[mean((c) => c.control.value), mean((c) => c.graded.risk.value), verdict.doubts.join("; ") || "none"],
  ];
}

async function verdicts(title: string, data: readonly (readonly [string, Sides])[], more: Partial<AuditOptions>): Promise<void> {
  const rows: string[][] = [];
  const attacks: string[][] = [];
  for (const [name, sides] of data)
    for (const seed of seeds) {
      const { found, records: all, notes } = await whole(sides, seed, more);
      rows.push(verdictLine(name, seed, found));
      const of = (model: ModelName): string => (model === "none" ? "target" : model);
      attacks.push(...all.map(({ model, record }) => lineOf(`${name}, seed ${seed}: ${of(model)}, ${record.attack}`, [record])));
      for (const note of notes) told(note);
    }
  table(title, verdictColumns, rows);
  table(`${title}: attacks`, columns, attacks);
}

/** Images of an IDX file of $PUSHFORWARD_DATA. */
const images = (path: string): NdArray => readIdx(gunzipSync(readFileSync(join(shared, path))), path);

/** Pixels in [0, 1] as bytes of square images. */
const bytesOf = ({ data, shape }: NdArray<"f32">, side: number): NdArray =>
  ndarray(
    Uint8Array.from(data, (v) => Math.round(255 * v)),
    [shape[0], side, side],
    "u8",
  );

const every = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Fashion-MNIST against digits, and digits against themselves with shuffled pixels. */
async function far(): Promise<void> {
  const known = await digits(false);
  const { inputs, targets } = await builtInImages("fashion-mnist");
  const of = (each: number, from: number): Sides["train"] => {
    const rows = every(10).flatMap((c) =>
      every(targets.shape[0])
        .filter((i) => Number(targets.data[i]) === c)
        .slice(from, from + each),
    );
    return { x: halved(inputs, rows), y: Int32Array.from(rows, (row) => Number(targets.data[row])), names: every(10).map(String) };
  };
  const fashion: Sides = { ...known, title: "Fashion-MNIST", train: of(200, 0), heldOut: of(200, 200), publicClasses: undefined };
  const order = randomStream(1).permutation(196).data;
  const { publicRows } = known;
  const shuffled = publicRows.data.map((_, k) => publicRows.data[k - (k % 196) + order[k % 196]]);
  const strange: Sides = { ...known, title: "digits", publicRows: { ...publicRows, data: shuffled } };
  await verdicts(
    "Far public data",
    [
      ["Fashion-MNIST private, digits public", fashion],
      ["digits private, shuffled digits public", strange],
    ],
    {},
  );
}

/** Letters of other alphabets as what the attacker knows. */
async function omniglot(): Promise<void> {
  const letters = images("image-omniglot-small/omniglot28-images-idx3-ubyte.gz");
  const known = await digits(false);
  const sides: Sides = {
    ...known,
    title: "digits, Omniglot public",
    publicRows: halved(letters, every(letters.shape[0])),
    publicClasses: undefined,
  };
  await verdicts("Digits 5 to 9 private, Omniglot letters public", [["Omniglot public", sides]], {});
}

/** All ten digits private, letters public: three attacks, one of them with six γ, on the target and its controls; how long that takes. */
async function ten(): Promise<void> {
  const { inputs, targets } = await builtInImages("mnist");
  const rows = every(targets.shape[0]);
  const of = (each: number, from: number): Sides["train"] => {
    const chosen = every(10).flatMap((c) => rows.filter((i) => Number(targets.data[i]) === c).slice(from, from + each));
    return { x: halved(inputs, chosen), y: Int32Array.from(chosen, (row) => Number(targets.data[row])), names: every(10).map(String) };
  };
  const letters = images("image-omniglot-small/omniglot28-images-idx3-ubyte.gz");
  const sides: Sides = {
    ...{ title: "ten digits, Omniglot public", input: [1, 14, 14], notes: [] },
    ...{ train: of(500, 0), heldOut: of(500, 500), publicRows: halved(letters, every(letters.shape[0])) },
  };
  const began = performance.now();
  await verdicts("Ten digits private, Omniglot letters public", [["ten digits", sides]], { attacks: "generative,map:0.01,vmi" });
  const each = (performance.now() - began) / 1000 / seeds.length;
  console.log(`\n${each.toFixed(0)} s a seed, ${values.threads} threads: data, target, evaluator, controls, attacks and judges`);
}

/** 20 persons private with ten pictures each, 20 others public; 16 x 16. */
async function faces(): Promise<void> {
  const all = images("image-olivetti-faces/olivetti-images-idx3-ubyte.gz");
  const x = halved(bytesOf(halved(all, every(400)), 32), every(400));
  const [own, others] = [every(200), every(200).map((i) => 200 + i)];
  const sides: Sides = {
    ...{ title: "Olivetti faces", input: [1, 16, 16], notes: [], publicRows: rowsOf(x, others) },
    train: { x: rowsOf(x, own), y: Int32Array.from(own, (i) => Math.floor(i / 10)), names: every(20).map((i) => `person ${i + 1}`) },
  };
  await verdicts("Olivetti faces, 20 persons private, 20 public", [["faces", sides]], { samples: 60 });
}

async function persons(): Promise<void> {
  await verdicts("Avatars", [["avatars", await avatars(false)]], {});
}

async function defences(): Promise<void> {
  const names = [...trainedDefences, ...outputDefences].filter((name) => name !== "none");
  const sides = await digits(false);
  const all: AuditFound[] = [];
  for (const seed of seeds) all.push((await whole(sides, seed, { defences: names.join(",") })).found);
  table(
    `Defences on digits, generative and vmi:0.1, seeds ${seeds.join(", ")}`,
    ["model", "grades", "utility", "attack", "nearest items", "best control", "risk", "what is to be said"],
    all[0].judged.map(({ model }, k) => {
      const list = all.map(({ judged }) => judged[k]);
      const mean = (f: (c: (typeof list)[number]["verdict"]["classes"][number]) => number): string =>
        spread(list.map(({ verdict: { classes } }) => classes.reduce((sum, c) => sum + f(c) / classes.length, 0)));
      return [
        model === "none" ? "target" : model,
        list.map(({ verdict }) => verdict.grade).join(", "),
        spread(list.map(({ accuracy }) => accuracy)),
        mean((c) => c.attack.value),
        mean((c) => c.record.neighbours.value),
        mean((c) => c.control.value),
        mean((c) => c.graded.risk.value),
        all[0].groundwork.models.find(({ name }) => name === model)?.notes.join(" ") ?? "",
      ];
    }),
  );
}

/** Numbers of a code, and how sharply codes choose, of generators that return items. */
const [codes, sharpness] = [16, 12];

/** G(z) = Σ softmax(s ⟨z, cᵢ⟩) xᵢ with random directions cᵢ: mostly one of the items. */
function itemsPrior(name: string, x: NdArray<"f32">, output: Prior["output"], rng: Random): Prior {
  const directions = rng.normal([codes, x.shape[0]]);
  return {
    ...{ name, latent: codes, layers: 1, output, range: [0, 1] },
    generate: (z) => softmax(z.reshape([z.shape[0], codes]).matmul(constant(directions)).mul(sharpness)).matmul(constant(x)),
  };
}

/** The first so many items of every class. */
function firstOf({ x, y }: Labelled, each: number): Labelled {
  const rows = [...new Set(y)]
    .toSorted((a, b) => a - b)
    .flatMap((c) =>
      Array.from(y.keys())
        .filter((i) => y[i] === c)
        .slice(0, each),
    );
  return { x: rowsOf(x, rows), y: Int32Array.from(rows, (i) => y[i]) };
}

/** Whether the memorisation test finds what is remembered: by a target, and by a generator. */
async function memory(): Promise<void> {
  const sides = await digits(false);
  const few = (each: number): Sides => ({
    ...sides,
    train: { ...firstOf(sides.train, each), names: sides.train.names },
    heldOut: sides.heldOut && { ...firstOf(sides.heldOut, Math.ceil(each / 0.8)), names: sides.train.names },
  });
  const cases: readonly (readonly [string, Sides, Partial<AuditOptions>, (m: Material, rng: Random) => Prior | undefined])[] = [
    ["25 items a class, 1500 steps, components", few(25), { trainSteps: 1500 }, () => undefined],
    ["25 items a class, 1500 steps, generator of those and as many held out", few(25), { trainSteps: 1500 }, both],
    ["100 items a class, generator of those and as many held out", few(100), {}, both],
    [
      "100 items a class, generator of training items",
      few(100),
      {},
      ({ train, input }, rng) => itemsPrior("training", train.x, input, rng),
    ],
    [
      "100 items a class, generator of held-out items",
      few(100),
      {},
      ({ heldOut, input }, rng) => heldOut && itemsPrior("held out", heldOut.x, input, rng),
    ],
  ];
  const rows: string[][] = [];
  for (const [name, data, more, prior] of cases) {
    const given = optionsOf({ attacks: "generative,vmi:0.1", ...more });
    const all: AttackRecord[][] = [];
    for (const seed of seeds) {
      const room = await roomOf(data, given, seed);
      const material = { ...room.material, prior: prior(room.material, room.rng.fold("items")) ?? room.material.prior };
      all.push(await records({ ...room, material }, given));
    }
    for (const k of all[0].keys()) {
      const list = all.map((r) => r[k]);
      const found = list.map((r) => r.memory);
      rows.push([
        ...[name, list[0].attack, spread(list.map((r) => over(r, (c) => c.evaluator.value)))],
        spread(found.map((m) => ("none" in m ? null : m.share.value))),
        found.map((m) => ("none" in m ? "–" : m.p.toPrecision(2))).join(", "),
        found.map((m) => ("none" in m ? "–" : m.binomial.toPrecision(2))).join(", "),
        found.map((m) => ("none" in m ? "–" : String(m.items))).join(", "),
      ]);
    }
  }
  table(
    `Memory, digits, seeds ${seeds.join(", ")}: t, and p of each seed`,
    ["target and generator", "attack", "evaluator", "t", "p, items as coins", "p, samples as coins", "items"],
    rows,
  );
}

function both({ train, heldOut, input }: Material, rng: Random): Prior | undefined {
  if (!heldOut) return undefined;
  const D = sizeOf(input);
  const x = allocate("f32", [train.x.shape[0] + heldOut.x.shape[0], D]);
  x.data.set(train.x.data);
  x.data.set(heldOut.x.data, train.x.data.length);
  return itemsPrior("both", x, input, rng);
}

const parts = { digits: everyAttack, families, far, omniglot, faces, avatars: persons, defences, memory, ten };
for (const name of values.only.split(",")) {
  if (!(name in parts)) throw new Error(`--only ${name}: there are ${Object.keys(parts).join(", ")}`);
  await parts[name as keyof typeof parts]();
}
