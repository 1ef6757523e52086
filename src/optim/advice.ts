/** What is legal and yet likely to disappoint: said before training. */
import { optimizerEntry } from "./registry.ts";
import { largestStep } from "./root-free.ts";

/** What is about to be trained, as far as advice needs to know. */
export interface TrainingPlan {
  readonly name: string;
  /** Peak rate, and the optimizer's own settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly batchSize: number;
  /** Terms in the mean of the loss; default the examples of the batch. */
  readonly terms?: number;
  /** Whether the rate stays as it is to the end. */
  readonly constantRate?: boolean;
}

/** One sentence each. Numbers that are schedules are not judged. */
export function warningsFor({ name, settings, batchSize, terms = batchSize, constantRate = false }: TrainingPlan): string[] {
  const { parameters, rate, needs } = optimizerEntry(name);
  const value = (key: string): number | undefined => {
    const v = settings[key] ?? (key === "lr" ? rate.default : parameters[key]?.default);
    return typeof v === "number" ? v : undefined;
  };
  const [lr, damping, precondLr] = ["lr", "damping", "precondLr"].map(value);
  const rootFree = needs.includes("batchSize");
  const said: string[] = [];
  if (!rootFree) return said;
  if (constantRate)
    said.push("the rate is constant: steps grow as gradients vanish, and end in a cycle around the minimum; let the rate fall to 0");
  if (damping === 0) said.push("damping is 0: where gradients vanish the step is a division by a curvature that decays to 0");
  if (name.startsWith("rf-") && lr !== undefined && damping && precondLr) {
    const reach = largestStep(lr, precondLr, settings.lossAverage === "batch+sequence" ? terms : batchSize, damping);
    if (reach > 1)
      said.push(`one rare coordinate may move by up to ${reach.toPrecision(2)} in a step, η / (2 √(β₂ B λ)): raise damping or precondLr`);
  }
  if ((name === "rf-rmsprop" || name === "rf-adamw") && lr === 1e-3)
    said.push(`lr = 1e-3 is a rate for AdamW: here try ${rate.search?.low} to ${rate.search?.high}`);
  if (settings.precision && settings.precision !== "full" && precondLr !== undefined && precondLr < 0.05)
    said.push("in half precision factors stop moving when precondLr |m| / 2 is below half a unit in the last place: use 0.1 or more");
  if (settings.cap === "none")
    said.push("without a cap one large activation or gradient may flip the sign of a factor: keep it, or warm precondLr up");
  if (needs.includes("curvature") && batchSize < 8)
    said.push(`${batchSize} examples make a curvature of low rank in each step: raise damping or precondMomentum`);
  return said;
}
