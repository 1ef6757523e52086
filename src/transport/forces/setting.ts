/** What forces are made for: the data in units of the training, and which snapshots may be looked at. */
import type { Random } from "../../array/index.ts";
import type { Snapshots } from "../../data/snapshots.ts";
import type { Cloud } from "../paths/cloud.ts";
import type { Units } from "../paths/units.ts";

export interface ForceSetting {
  /** In the user's units. */
  readonly data: Pick<Snapshots, "times" | "features" | "velocities">;
  readonly units: Units;
  /** All snapshots, in units of the training. */
  readonly clouds: readonly Cloud[];
  /** Indices of the snapshots that are learned from. */
  readonly train: readonly number[];
  readonly rng: Random;
}
