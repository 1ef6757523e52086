/** `pushforward audit`: how much of its private training data does a classifier give away? */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { z } from "zod";
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type Groundwork, groundworkOf } from "../../inversion/audit/groundwork.ts";
import type { AttackRecord } from "../../inversion/audit/judge.ts";
import type { Material } from "../../inversion/audit/material.ts";
import { controlNames, type ModelName, type Session, session } from "../../inversion/audit/session.ts";
import { type DefenceName, outputDefences } from "../../inversion/audit/train.ts";
import { divided, type PartBench, type WorkPart } from "../../lab/index.ts";
import { compare } from "./compare.ts";
import { auditFigures } from "./figures.ts";
import { auditFiles } from "./files.ts";
import { auditFindings } from "./findings.ts";
import { auditOptions } from "./options.ts";
import { posterior } from "./posterior.ts";
import { attackedClasses, chosenAttacks, defencesOf, loadAudit, materialOf, type Problem, targetOptionsOf } from "./problem.ts";
import { trainTarget } from "./train-target.ts";

/** A part: the trainings and what is to be said before any attack, or one attack on one model. */
interface AuditPart extends WorkPart {
  readonly model?: ModelName;
  readonly attack?: string;
}

/** What comes out of a part. */
interface AuditResult {
  readonly groundwork?: Groundwork;
  readonly record?: AttackRecord;
}

/** Sessions by their problem: trainings of one process are done once. */
const sessions = new WeakMap<Problem, Session>();

function sessionOf(problem: Problem, rng: Random, watch: () => void): Session {
  const found = sessions.get(problem) ?? session(problem.material, problem.owned, problem.training, rng.fold("session"), watch);
  sessions.set(problem, found);
  return found;
}

/** Numbers of every class. */
const perClass = (path: string): string[] =>
  [
    ...["attack.p", "attack.lo", "attack.hi", "control.p", "control.lo", "control.hi", "risk.value", "risk.lo", "risk.hi"],
    ...["coverage", "klNats", "gap", "memorisation.t", "memorisation.p"],
  ].map((name) => `${path}.*.${name}`);

export const audit = divided({
  name: "audit",
  summary: "how much of its private training data does a classifier give away?",
  description:
    "recreate the classes of a classifier's private training data from the classifier and public data, and grade what that gives away, with controls and intervals",
  examples: [
    "pushforward audit --data digits",
    "pushforward audit --data avatars --defences label-smoothing",
    "pushforward audit --model classifier.onnx --private faces/ --public others/ --i-own-this-model",
    "pushforward audit --model c.onnx --private data.npz --public public.npz --generator decoder.onnx --attacks all --i-own-this-model",
    "pushforward audit --data digits --defences label-smoothing,bottleneck,private",
  ],
  notes:
    "Private data are read for scoring, on this machine; nothing is sent anywhere, and no private image is copied into the run folder. " +
    "The report is evidence, not compliance: it bounds what these attacks found, not what any attack could find.",
  input: { name: "[model.onnx]", description: "the classifier, as --model" },
  options: z.object(auditOptions),
  commands: [posterior, trainTarget, compare],
  metrics: {
    rows: [],
    results: [
      "utility",
      "evaluator",
      "attacks.*.target",
      "attacks.*.evaluator",
      "attacks.*.neighbours",
      "attacks.*.precision",
      "attacks.*.coverage",
      "attacks.*.pairs",
      "attacks.*.klNats",
      ...perClass("perClass"),
      "defences.*.utility",
      ...perClass("defences.*.perClass"),
    ],
  },

  async load(input, given) {
    if (input !== undefined && given.model !== undefined && input !== given.model)
      throw new UserError(`two classifiers: ${input} and --model ${given.model}`, "give one");
    chosenAttacks(given, given.quick);
    defencesOf(given.defences);
    return loadAudit({ ...given, model: given.model ?? input });
  },

  async prepare(loaded, given, { rng }) {
    const { quick, samples, showSamples, statedAccuracy, data } = given;
    const { material, notes } = await materialOf(loaded, given, rng.fold("material"));
    const models: DefenceName[] = ["none", ...defencesOf(given.defences)];
    const attacks = chosenAttacks(given, quick);
    const problem: Problem = {
      ...{
        material,
        models,
        attacks,
        statedAccuracy,
        attacked: attackedClasses(given.classes, material.classes, material.title),
        blurred: { samples: !showSamples && data === undefined, items: data === undefined },
      },
      ...{ owned: loaded.classifier, realism: loaded.realism },
      training: targetOptionsOf(given, quick),
      samples: quick ? Math.min(samples, 60) : samples,
    };
    const name = (data ?? loaded.classifier?.name ?? "model").replace(/^.*[\\/]/, "");
    return {
      problem,
      source: { name, title: material.title, source: material.title },
      label: `auditing ${name}`,
      folder: `audit-${name}`,
      steps: partsOf(problem).reduce((sum, { steps }) => sum + steps, 0),
      config: {
        classes: material.classes.length,
        attacked: problem.attacked.map((c) => material.classes[c]),
        attacks: attacks.map((a) => a.name),
        models,
        samples: problem.samples,
        prior: material.prior.name,
        hashes: hashesOf(material),
      },
      warnings: [
        ...notes,
        ...(loaded.classifier && models.length > 1
          ? [
              "defences are trained here, on the private training items, with a network of our own: compare them with each other, not with the classifier of --model",
            ]
          : []),
        ...(attacks.some((a) => a.name === "vmi:0")
          ? ["γ = 0: nothing keeps the posterior together with the prior: it collapses where the classifier is surest"]
          : []),
        ...(quick ? ["--quick: few steps and samples; grades of such a run are no evidence"] : []),
      ],
    };
  },

  parts: (problem): readonly AuditPart[] => partsOf(problem),

  async part({ model, attack: name }, problem, bench): Promise<AuditResult | undefined> {
    const told = teller(bench);
    try {
      const room = sessionOf(problem, bench.rng, told);
      if (model === undefined) return { groundwork: await groundworkOf(room, problem.models, ownerOf(problem)) };
      const { classifier } = await room.model(model);
      const attack = problem.attacks.find((a) => a.name === name)!; // parts are made from these
      const { prior, publicRows } = problem.material;
      const attacked = {
        target: classifier,
        prior,
        publicRows,
        classes: problem.attacked,
        n: problem.samples,
        realism: problem.realism,
      };
      const judge = await room.judge();
      const attempt = await attack.run(attacked, bench.rng.fold("attack").fold(attack.name), told);
      return { record: await judge(classifier, attempt, attacked.classes, attack) };
    } catch (error) {
      if (error instanceof Stopped) return undefined;
      throw error;
    }
  },

  join(finished, problem) {
    const groundwork = finished.flatMap(({ result }) => result.groundwork ?? [])[0];
    const records = finished.flatMap(({ part, result }) =>
      result.record && part.model ? [{ model: part.model, record: result.record }] : [],
    );
    return auditFindings(problem, groundwork, records);
  },

  figures: auditFigures,
  files: auditFiles,
});

/** What the data were, whatever files they came in: SHA-256 of rows and classes. A run goes on with the same only. */
const hashesOf = ({ train, heldOut, test, publicRows }: Material) => ({
  private: digestOf(train.x.data, train.y),
  ...(heldOut && { heldOut: digestOf(heldOut.x.data, heldOut.y) }),
  test: digestOf(test.x.data, test.y),
  public: digestOf(publicRows.data),
});

function digestOf(...arrays: readonly (Float32Array | Int32Array)[]): string {
  const hash = sha256.create();
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return bytesToHex(hash.digest());
}

/** Asks to stop from inside an attack. */
class Stopped extends Error {}

function teller(bench: PartBench): () => void {
  let step = 0;
  return () => {
    if (!bench.step(++step)) throw new Stopped();
  };
}

/** Attacks that a control faces too. */
function partsOf({ attacks, models, training, material }: Problem): AuditPart[] {
  // the evaluator counts twice, look-alikes once a class
  const trainings = models.filter((m) => !outputDefences.some((o) => o === m)).length + 3 + material.classes.length;
  const attacked: readonly ModelName[] = [...models, ...controlNames];
  return [
    { name: "classifiers", steps: trainings * training.steps },
    ...attacked.flatMap((model) =>
      attacks
        // the draws of the prior are the same for every model
        .filter((attack) => attack.name !== "prior" || model === "none")
        .map((attack) => ({ name: `${model}-${attack.name.replace(":", "-")}`, steps: attack.steps, model, attack: attack.name })),
    ),
  ];
}

const ownerOf = ({ owned, material, statedAccuracy }: Problem) => owned && { classes: material.classes.length, stated: statedAccuracy };
