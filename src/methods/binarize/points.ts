/** Tables and pictures of two classes as points. */
import type { Random } from "../../array/index.ts";
import type { Examples } from "../../data/examples.ts";
import { list } from "../../data/table.ts";
import { UserError } from "../../errors.ts";
import type { Source } from "../../lab/life.ts";
import { type Points, points } from "../../quantum/families/points.ts";

/** Points, what their parts are called, and what reading them decided. */
export interface Labelled {
  readonly source: Source;
  readonly points: Points;
  readonly test?: Points;
  /** The first row of a test part that the data have. */
  readonly testFrom?: number;
  readonly features: readonly string[];
  /** Of label 0, of label 1. */
  readonly classes: readonly [string, string];
  readonly pictures: boolean;
  /** For model files: how a table becomes features. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

interface PointOptions {
  readonly classes?: string;
  readonly side: number;
  readonly standardize: boolean;
}

/** Features beyond it saturate sigmoids. */
const far = 20;

/** @throws UserError  unless there are two classes */
export function labelledPoints(examples: Examples, { classes: asked, side, standardize }: PointOptions): Labelled {
  const { name, title, source, inputs, targets, testFrom, encodings, target, warnings } = examples;
  const classes = examples.classes ?? [];
  const pair = asked?.split(",").map((c) => c.trim()) ?? (classes.length === 2 ? [...classes] : []);
  if (pair.length !== 2 || pair[0] === pair[1])
    throw new UserError(
      `${title} has ${classes.length} classes, a binary network tells two apart`,
      `choose two with --classes: ${list(classes)}`,
    );
  const codes = pair.map((c) => classes.indexOf(c));
  if (codes.includes(-1)) throw new UserError(`${title}: there is no class "${pair[codes.indexOf(-1)]}"`, `there are ${list(classes)}`);
  const rows = Array.from(targets.data.keys()).filter((i) => codes.includes(Number(targets.data[i])));
  const pictures = inputs.shape.length === 4;
  const width = pictures ? side * side : inputs.shape[1];
  const x = new Float64Array(rows.length * width);
  rows.forEach((row, at) =>
    x.set(pictures ? thinned(inputs, row, side) : Array.from(inputs.data.subarray(row * width, (row + 1) * width), Number), at * width),
  );
  const notes = [...warnings];
  if (standardize && !pictures) scale(x, width);
  const most = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  if (most > far) notes.push(`features reach ${most.toPrecision(3)}: outputs saturate, and many networks tie (--standardize scales them)`);
  const labels = rows.map((i) => codes.indexOf(Number(targets.data[i])));
  return {
    source: { name, title: asked ? `${title} ${pair.join(" and ")}` : title, source },
    points: points(x, labels),
    testFrom: testFrom === undefined ? undefined : rows.filter((i) => i < testFrom).length,
    features: pictures ? Array.from({ length: width }, (_, j) => `${Math.floor(j / side) + 1},${(j % side) + 1}`) : examples.features,
    classes: [pair[0], pair[1]],
    pictures,
    metadata: encodings && !standardize ? { encodings: JSON.stringify(encodings), target: target ?? "" } : {},
    notes,
  };
}

/**
 * The pixels in the middle of side x side equal parts, 1 where brighter than half (the first channel counts): rows and columns 3, 10, 17
 * and 24 of 28, as the paper's pictures.
 */
function thinned({ shape: [, channels, height, width], data }: Examples["inputs"], picture: number, side: number): number[] {
  return Array.from({ length: side * side }, (_, at) => {
    const row = Math.floor(((Math.floor(at / side) + 0.5) * height) / side);
    const column = Math.floor((((at % side) + 0.5) * width) / side);
    return Number(data[picture * channels * height * width + row * width + column]) > 127 ? 1 : 0;
  });
}

/** Each feature to mean 0 and deviation 1, in place; a constant one to 0. */
function scale(x: Float64Array, width: number): void {
  const count = x.length / width;
  for (let j = 0; j < width; j++) {
    const column = Float64Array.from({ length: count }, (_, i) => x[i * width + j]);
    const mean = column.reduce((a, b) => a + b, 0) / count;
    const deviation = Math.sqrt(column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count) || 1;
    column.forEach((v, i) => (x[i * width + j] = (v - mean) / deviation));
  }
}

/** The rows in two parts: as the data have them, or a share of each class at random. */
export function parts(labelled: Labelled, share: number, rng: Random): Labelled {
  const { points: all, testFrom } = labelled;
  if (testFrom === undefined && share === 0) return labelled;
  const order = Array.from(rng.permutation(all.count).data);
  const random = [0, 1].flatMap((label) => {
    const own = order.filter((i) => all.y[i] === label);
    return own.slice(0, Math.round(share * own.length));
  });
  const test = new Set(testFrom === undefined ? random : Array.from({ length: all.count - testFrom }, (_, i) => testFrom + i));
  const pick = (wanted: boolean): Points | undefined => {
    const rows = Array.from(all.y.keys()).filter((i) => test.has(i) === wanted);
    const x = Float64Array.from(rows.flatMap((i) => [...all.x.subarray(i * all.inputs, (i + 1) * all.inputs)]));
    return rows.length
      ? points(
          x,
          rows.map((i) => all.y[i]),
        )
      : undefined;
  };
  const [train, held] = [pick(false), pick(true)];
  if (!train || new Set(train.y).size < 2)
    throw new UserError(
      `${labelled.source.title}: too few rows of a class are left for the search`,
      "more data are needed, or a smaller --test share",
    );
  return { ...labelled, points: train, test: held };
}
