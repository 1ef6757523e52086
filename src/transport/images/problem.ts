/** Pictures to learn from, what is asked of them, and on which path. */
import type { NdArray } from "../../array/index.ts";
import type { MaskKind } from "./paths/masks.ts";
import type { Schedule } from "./paths/schedules.ts";
import type { ImageTask } from "./paths/tasks.ts";
import type { ImageShape } from "./shape.ts";

/** Bytes [n, C, H, W] of the pictures of a part, and of those that they are made from, for the task "between". */
export interface ImagePart {
  readonly pixels: NdArray<"u8">;
  readonly others?: NdArray<"u8">;
  /** Row i of the others belongs to row i of the pictures. */
  readonly paired?: boolean;
}

/** A task on given pictures. */
export interface ImageProblem {
  readonly shape: ImageShape;
  readonly train: ImagePart;
  readonly heldOut: ImagePart;
  readonly task: ImageTask;
  readonly schedule: Schedule;
  readonly masks: MaskKind;
  /** Partners within a batch: as drawn, or of least total |x - z|² (for noise and for other pictures). */
  readonly coupling: "independent" | "ot";
}
