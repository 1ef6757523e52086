/** Temperatures and step sizes of a run: from a file, by a formula, or by a pilot. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { z } from "zod";
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import {
  type Frozen,
  type JointPairs,
  pilot,
  pilotPoints,
  pilotSteps,
  type Route,
  readFrozen,
  type ScheduleRule,
  scheduleRule,
} from "../../information/index.ts";
import type { Desk } from "../../lab/index.ts";
import type { annealingOptions } from "./options.ts";

type AnnealingOptions = z.infer<z.ZodObject<typeof annealingOptions>> & { readonly quick: boolean };

export interface Scheduled {
  readonly frozen?: Frozen;
  readonly rule?: ScheduleRule;
  readonly temperatures: number;
  /** What a file decides besides its temperatures. */
  readonly notes: readonly string[];
}

/** @throws UserError  for a schedule that is neither a formula nor a file of this kind of chains */
export async function scheduleOf(
  { schedule, temperatures, quick }: AnnealingOptions,
  from: Frozen["route"],
  use?: string,
): Promise<Scheduled> {
  if (!/\.json$/i.test(schedule)) {
    const [rule, T] = [scheduleRule(schedule), quick ? Math.min(temperatures, 60) : temperatures];
    const betas = rule?.(T);
    if (betas && Array.from(betas).some((b, t) => t > 0 && !(b > betas[t - 1])))
      throw new UserError(
        `--schedule ${schedule}: of ${T + 1} temperatures two are equal in double precision`,
        "take a smaller number after the colon",
      );
    return { rule, temperatures: T, notes: [] };
  }
  if (!existsSync(schedule)) throw new UserError(`${schedule}: there is no such file`, "check --schedule");
  const frozen = readFrozen(await readFile(schedule, "utf8"), schedule);
  if (frozen.route !== from)
    throw new UserError(`${schedule} is for chains from the ${frozen.route}, not the ${from}`, `--from ${frozen.route}`);
  if (frozen.use !== use)
    throw new UserError(
      `${schedule} is for ${frozen.use ?? "bounds"}, not for ${use ?? "bounds"}`,
      "its temperatures would be far from the best: leave --schedule out, and a pilot finds others",
    );
  const T = frozen.betas.length - 1;
  return {
    frozen,
    temperatures: T,
    notes: [`temperatures (${T}), step sizes and leapfrogs (${frozen.leapfrogs}) are those of ${schedule}`],
  };
}

/**
 * The pilot, with a line of progress.
 * @param draw  data points that are not those of the report
 */
export async function frozenByPilot(
  route: Route,
  draw: (count: number, rng: Random) => Promise<Pick<JointPairs, "x">>,
  options: Omit<Scheduled, "notes"> & Pick<AnnealingOptions, "leapfrogs" | "accept">,
  { progress, rng }: Desk,
): Promise<Frozen> {
  const { temperatures, rule, leapfrogs, accept } = options;
  const line = progress("pilot: temperatures and step sizes", pilotSteps({ temperatures, rule }));
  const watch = (step: number): void => line.update(step, {});
  const { x } = await draw(pilotPoints, rng.fold("pilot pairs"));
  const frozen = await pilot(route, x, { temperatures, leapfrogs, rule, acceptance: accept, watch }, rng.fold("pilot"));
  line.finish();
  return frozen;
}
