/** What samples of an attack are worth, class by class: numbers as plain data. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Frechet, frechet, type PrdcOf, prdc, rowsOf, rowwise, type Withheld } from "../../distances/index.ts";
import type { Attempt, Posterior } from "../attacks/attack.ts";
import type { Classifier } from "../classifier.ts";
import type { Labelled } from "../labelled.ts";
import { hitsAmong } from "../metrics/accuracy.ts";
import { diversity } from "../metrics/diversity.ts";
import { type Proportion, wilson } from "../metrics/intervals.ts";
import { clampedShare } from "../metrics/masking.ts";
import { type Memory, memorisation } from "../metrics/memorisation.ts";
import { type Closeness, closeness, nearestItems, neighbourClasses } from "../metrics/nearest.ts";
import { ofClass } from "../metrics/rows.ts";
import type { Material } from "./material.ts";

/** One class under one attack. */
export interface ClassRecord {
  readonly class: number;
  /** Taken for the class by the target itself: whether the attack did its work, no evidence of anything else. */
  readonly target: Proportion;
  /** By the evaluator: of the first half of the samples, by which the strongest attack is chosen, and of the second, which is reported. */
  readonly choosing: Proportion;
  readonly evaluator: Proportion;
  /** Among its five most probable classes, where there are more. */
  readonly amongFive?: Proportion;
  /** By the nearest private items, in the evaluator's features; halves as above. */
  readonly choosingByNeighbours: Proportion;
  readonly neighbours: Proportion;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly density: number | null;
  readonly coverage: number | null;
  /** Mean distance of two samples over that of two real items, and effective numbers of modes. */
  readonly pairs: number;
  readonly modes: { readonly samples: number; readonly real: number };
  /** Mean squared distances of samples, in the evaluator's features: to the nearest private item of the class, and to the mean of them. */
  readonly closeness: Closeness | null;
  readonly memory: Memory | Withheld;
  readonly posterior?: Posterior;
}

/** An attack on a model. */
export interface AttackRecord {
  readonly attack: string;
  readonly title: string;
  readonly classes: readonly ClassRecord[];
  readonly frechet: Frechet | Withheld;
  readonly memory: Memory | Withheld;
  /** Share of the samples' numbers at the bounds of the data. */
  readonly clamped: number;
  readonly notes: readonly string[];
  /** Images: a few samples of every class, [J, shown, D] bytes in base64, and for each its nearest item among those trained on and held out. */
  readonly shown?: { readonly samples: string; readonly train: readonly number[]; readonly heldOut?: readonly number[] };
}

/** Real items of a class that samples are compared with, at most; and cells of its modes. */
const [mostReal, cells] = [500, 10];
/** Samples of a class in pictures. */
export const shownEach = 10;

/** @param attacked  classes of the attempt, by number */
export type Judge = (
  target: Classifier,
  attempt: Attempt,
  attacked: readonly number[],
  attack: { readonly name: string; readonly title: string },
) => Promise<AttackRecord>;

/** The real items of a class. */
interface OfClass {
  readonly prdc: PrdcOf;
  readonly variety: ReturnType<typeof diversity>;
}

/** Why a number about memory is missing. */
const noHeldOut: Withheld = { none: "there are no held-out items" };

/** A judge by the features of an evaluator; what is to be known of the real items is computed once. */
export async function judgeBy(material: Material, evaluator: Classifier, rng: Random): Promise<Judge> {
  const { train, heldOut, classes, input } = material;
  const features = rowwise(evaluator.features ?? evaluator.logits);
  const seen = async (data: Labelled): Promise<Labelled> => ({ x: await features(data.x), y: data.y });
  const ofTrain = await seen(train);
  const ofHeldOut = heldOut && (await seen(heldOut));
  const real: OfClass[] = classes.map((_, c) => {
    const all = ofClass(ofTrain, c);
    const order = rng.fold("real").fold(c).permutation(all.shape[0]).data;
    const some = rowsOf(all, order.subarray(0, mostReal));
    return { prdc: prdc(some), variety: diversity(some, Math.min(cells, some.shape[0]), rng.fold("cells").fold(c)) };
  });
  const distance = frechet(ofTrain.x, rng.fold("frechet"));
  const [first, among] = [hitsAmong(evaluator, 1), hitsAmong(evaluator, 5)];
  return async (target, { inputs, posteriors, notes = [] }, attacked, { name, title }) => {
    const [J, n, D] = inputs.shape;
    const samples: Labelled = {
      x: ndarray(inputs.data, [J * n, D], "f32"),
      y: Int32Array.from({ length: J * n }, (_, i) => attacked[Math.floor(i / n)]),
    };
    const own = await seen(samples);
    const near = await neighbourClasses(own.x, ofTrain);
    const hits: Hits = {
      target: await hitsAmong(target, 1)(samples),
      evaluator: await first(samples),
      ...(classes.length > 5 && { amongFive: await among(samples) }),
      neighbours: Uint8Array.from(near, (c, i) => Number(c === samples.y[i])),
    };
    const memories = ofHeldOut && (await memorisation(own, ofTrain, ofHeldOut, rng.fold("memory")));
    const close = await closeness(own, ofTrain, classes.length);
    const records: ClassRecord[] = [];
    const told = new Set(notes);
    for (const [j, c] of attacked.entries()) {
      const { note, ...likeness } = await likenessOf(ofClass(own, c), real[c]);
      if (note) told.add(note);
      records.push({
        ...{ class: c, ...sharesOf(hits, j, n), ...likeness },
        closeness: close[c] ?? null,
        memory: memories?.classes.find((m) => m.class === c) ?? noHeldOut,
        ...(posteriors && { posterior: posteriors[j] }),
      });
    }
    return {
      ...{ attack: name, title, classes: records, notes: [...told] },
      frechet: await distance(own.x),
      memory: memories?.pooled ?? noHeldOut,
      clamped: clampedShare(samples.x),
      ...(input.length === 3 && { shown: await picturesOf(inputs, own, ofTrain, ofHeldOut) }),
    };
  };
}

/** Which samples of all classes are taken for theirs, and by whom: 1 or 0. */
type Hits = Record<"target" | "evaluator" | "neighbours", Uint8Array> & { readonly amongFive?: Uint8Array };

/** Shares of the j-th class, in halves of its n samples. */
function sharesOf({ target, evaluator, amongFive, neighbours }: Hits, j: number, n: number) {
  const share = (hits: Uint8Array, from: number, to: number): Proportion =>
    wilson(
      hits.subarray(j * n + from, j * n + to).reduce((a, b) => a + b, 0),
      to - from,
    );
  const half = n >> 1;
  return {
    target: share(target, 0, n),
    choosing: share(evaluator, 0, half),
    evaluator: share(evaluator, half, n),
    ...(amongFive && { amongFive: share(amongFive, half, n) }),
    choosingByNeighbours: share(neighbours, 0, half),
    neighbours: share(neighbours, half, n),
  };
}

/** How like the real items of a class samples are, and how varied. */
async function likenessOf(samples: NdArray<"f32">, real: OfClass) {
  const balls = await real.prdc(samples);
  const { pairs, modes } = await real.variety(samples);
  if ("none" in balls) {
    const missing = { precision: null, recall: null, density: null, coverage: null };
    return { ...missing, pairs, modes, note: `no precision and coverage: ${balls.none}` };
  }
  const { precision, recall, density, coverage, reduced } = balls;
  return { precision, recall, density, coverage, pairs, modes, note: reduced && `precision and coverage: ${reduced}` };
}

/** The first samples of every class, and their nearest items. */
async function picturesOf(
  inputs: NdArray<"f32">,
  own: Labelled,
  train: Labelled,
  heldOut: Labelled | undefined,
): Promise<NonNullable<AttackRecord["shown"]>> {
  const [J, n, D] = inputs.shape;
  const rows = Array.from({ length: J }, (_, j) => Array.from({ length: Math.min(shownEach, n) }, (_, i) => j * n + i)).flat();
  const bytes = rows.flatMap((row) =>
    Array.from(inputs.data.subarray(row * D, (row + 1) * D), (v) => Math.round(255 * Math.min(1, Math.max(0, v)))),
  );
  const some = { x: rowsOf(own.x, rows), y: Int32Array.from(rows, (row) => own.y[row]) };
  const nearest = async (real: Labelled): Promise<number[]> => (await nearestItems(some, real)).map((item) => item?.row ?? -1);
  return {
    samples: Buffer.from(Uint8Array.from(bytes)).toString("base64"),
    train: await nearest(train),
    ...(heldOut && { heldOut: await nearest(heldOut) }),
  };
}
