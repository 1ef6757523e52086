/** What the nearest private items say of samples: their class, how close they come, and which items these are. */
import { nearestRows, rowsOf } from "../../distances/index.ts";
import type { Labelled } from "../labelled.ts";
import { ofClass, rowsWith } from "./rows.ts";

/**
 * The class that most of the k nearest private items have; at a draw that of the nearest among them. An evaluator that shares no weights
 * with any network: a second network can have the first one's blind spots.
 *
 * @param samples  features [n, F]
 */
export async function neighbourClasses(samples: Labelled["x"], real: Labelled, k = 5): Promise<Int32Array> {
  const fit = Math.min(k, real.y.length);
  const { indices } = await nearestRows(samples, real.x, fit);
  return Int32Array.from({ length: samples.shape[0] }, (_, i) => {
    const classes = Array.from(indices.subarray(i * fit, (i + 1) * fit), (row) => real.y[row]);
    const votes = (c: number): number => classes.filter((other) => other === c).length;
    return classes.reduce((best, c) => (votes(c) > votes(best) ? c : best));
  });
}

/** How close the samples of a class come to its private items; means of squared distances. */
export interface Closeness {
  /** To the nearest item of the class. */
  readonly nearest: number;
  /** To the mean of the class. */
  readonly mean: number;
}

/** Of each class 0 … K - 1; none for a class without samples or items. */
export async function closeness(samples: Labelled, real: Labelled, classes: number): Promise<(Closeness | undefined)[]> {
  const found: (Closeness | undefined)[] = [];
  for (let c = 0; c < classes; c++) {
    const [mine, items] = [ofClass(samples, c), ofClass(real, c)];
    found.push(mine.shape[0] && items.shape[0] ? await closenessOf(mine, items) : undefined);
  }
  return found;
}

async function closenessOf(samples: Labelled["x"], items: Labelled["x"]): Promise<Closeness> {
  const [n, d] = items.shape;
  const middle = new Float32Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) middle[j] += items.data[i * d + j] / n;
  const average = async (to: Labelled["x"]): Promise<number> => {
    const { squares } = await nearestRows(samples, to, 1);
    return squares.reduce((a, b) => a + b, 0) / squares.length;
  };
  return { nearest: await average(items), mean: await average({ dtype: "f32", shape: [1, d], data: middle }) };
}

/** A private item beside a sample. */
export interface NearestItem {
  /** Its row among all private items. */
  readonly row: number;
  readonly distance: number;
}

/** For every sample the nearest item of its own class; none where the class has no items. */
export async function nearestItems(samples: Labelled, real: Labelled): Promise<(NearestItem | undefined)[]> {
  const found = new Array<NearestItem | undefined>(samples.y.length).fill(undefined);
  for (const c of new Set(samples.y)) {
    const [mine, items] = [rowsWith(samples.y, c), rowsWith(real.y, c)];
    if (items.length === 0) continue;
    const { squares, indices } = await nearestRows(rowsOf(samples.x, mine), rowsOf(real.x, items), 1);
    for (const [i, row] of mine.entries()) found[row] = { row: items[indices[i]], distance: Math.sqrt(squares[i]) };
  }
  return found;
}
