/** What the network of the features learns: the classes of pictures, or, where there are none, how pictures were changed. */
import { ndarray, type Shape } from "../../../array/index.ts";
import { concat, constant, flip, type Tensor } from "../../../tensor/index.ts";

/** A question about pictures that has one of `outputs` answers. */
export interface FeatureTask {
  /** As it is told. */
  readonly text: string;
  readonly outputs: number;
  /** Share of right answers of who always gives the best one. */
  readonly chance: number;
  /** Pictures of a step. */
  readonly batch: number;
  /** Pictures [batch, c, h, w] and their classes [batch] as what is asked, and the answers. */
  pose(x: Tensor, y: Tensor): { readonly x: Tensor; readonly y: Tensor };
}

/** Pictures of a step, where nothing else decides. */
const usualBatch = 64;

/** Which class a picture has. @param labels  at least two classes, from 0 */
export function classTask(labels: Int32Array): FeatureTask {
  const counts: number[] = [];
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const known = counts.filter((count) => count > 0);
  return {
    text: `to tell ${known.length} classes apart`,
    outputs: counts.length,
    chance: Math.max(...known) / labels.length,
    batch: usualBatch,
    pose: (x, y) => ({ x, y }),
  };
}

type Change = (x: Tensor) => Tensor;

/**
 * How a picture was changed: the eight turns and mirrors of a square, or the four of a rectangle, and its colours: inverted or not in grey, in
 * colour each channel in the place of another. No labels are needed. Pictures that look the same when they are turned cannot be told, so that
 * the accuracy stays below 1.
 *
 * @source  after Gidaris, Singh & Komodakis, ICLR 2018 (turns)
 */
export function changeTask([channels, height, width]: Shape): FeatureTask {
  const mirrors: Change[] = [(x) => x, (x) => flip(x, 3), (x) => flip(x, 2), (x) => flip(x, [2, 3])];
  const turned: Change = (x) => x.transpose([0, 1, 3, 2]);
  const moves =
    height === width
      ? [
          ...mirrors,
          ...mirrors.map(
            (mirror): Change =>
              (x) =>
                mirror(turned(x)),
          ),
        ]
      : mirrors;
  const colours: Change[] = channels === 3 ? [0, 1, 2].map(shifted) : [(x) => x, (x) => x.neg().add(1)];
  const changes = moves.flatMap((move) =>
    colours.map(
      (colour): Change =>
        (x) =>
          colour(move(x)),
    ),
  );
  const each = Math.ceil(usualBatch / changes.length);
  const answers = constant(
    ndarray(
      Int32Array.from({ length: changes.length * each }, (_, i) => Math.floor(i / each)),
      [changes.length * each],
      "i32",
    ),
  );
  return {
    text: `to tell ${changes.length} ways apart in which a picture was turned, mirrored and its ${channels === 3 ? "colours exchanged" : "shades inverted"}`,
    outputs: changes.length,
    chance: 1 / changes.length,
    batch: each * changes.length,
    pose: (x) => ({
      x: concat(changes.map((change, k) => change(x.slice([k * each, (k + 1) * each])))),
      y: answers,
    }),
  };
}

/** Channels moved on by k places, round. */
const shifted =
  (k: number): Change =>
  (x) =>
    k === 0 ? x : concat([x.slice(null, [k, null]), x.slice(null, [0, k])], 1);
