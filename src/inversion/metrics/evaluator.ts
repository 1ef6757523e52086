/** Whether an evaluator may judge samples of a target. */
import { formatNumber } from "../../numbers.ts";

/** Target and evaluator on the same held-out rows. */
export interface Judges {
  /** Accuracies. */
  readonly target: number;
  readonly evaluator: number;
  /** Whether both have the same blocks, or the evaluator began from the target's weights. */
  readonly alike: boolean;
}

/** How much less accurate than the target an evaluator may be: 2 points, about the error of an accuracy on 500 rows. */
const margin = 0.02;

/** Why the nearest private items, and not the evaluator, should decide the grade; empty where nothing speaks against it. */
export function evaluatorCautions({ target, evaluator, alike }: Judges): string[] {
  const percent = (share: number): string => formatNumber(100 * share);
  return [
    ...(evaluator < target - margin
      ? [
          `the evaluator is right on ${percent(evaluator)} % of the held-out rows and the target on ${percent(target)} %: an evaluator that is ` +
            "more than 2 points worse cannot judge it, and the nearest private items decide (give it more data, noise or steps)",
        ]
      : []),
    ...(alike
      ? [
          "the evaluator is a network like the target and may share its blind spots: the nearest private items decide (take other widths, or " +
            "convolutions)",
        ]
      : []),
  ];
}
