/** All costs of what was loaded, computed where networks have them. */
import type { Progress } from "../../lab/progress.ts";
import { enumeration } from "../../quantum/families/enumerate.ts";
import type { Loaded } from "./problem.ts";

/** Lets signals and other work have their turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** @returns  nothing when it was interrupted */
export async function costsOf(
  { table, networks }: Loaded,
  progress: (label: string, total: number) => Progress,
  interrupted: () => boolean = () => false,
): Promise<Float64Array | undefined> {
  if (!networks) return table;
  const { family, points } = networks;
  const line = progress(`running ${(2 ** family.bits).toLocaleString("en")} networks`, 100);
  const steps = enumeration(family, points);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) {
      line.finish();
      return step.value.costs;
    }
    line.update(Math.floor(100 * step.value));
    await breathe();
    if (interrupted()) return undefined;
  }
}
