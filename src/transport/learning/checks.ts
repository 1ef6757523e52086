/** Does what was asked for fit the method? Every answer no is an error that says what to do. */
import { UserError } from "../../errors.ts";
import type { ForceOptions } from "../forces/forces.ts";
import { dependsOnTime } from "../forces/noise.ts";
import type { Head } from "../lagrangian/action.ts";
import type { EnergyKind } from "../lagrangian/energy.ts";
import { together } from "../lagrangian/interaction.ts";
import type { Curve } from "../paths/curves.ts";
import { type Coupling, isJoint } from "../paths/pairs.ts";
import { checkMechanics } from "./check-mechanics.ts";
import { descriptionOf, has, hasAction, learnDefaults, type MethodName, methodNames, methods } from "./methods.ts";

/** What is asked of a method, beside its numbers. */
export interface Asked extends ForceOptions {
  readonly head?: Head;
  readonly coupling?: Coupling;
  readonly path?: Curve;
  readonly batch: number;
  readonly noise: number | string;
  /** Column of growth rates that are known beforehand. */
  readonly priorGrowth?: string;
  /** What of the energy of mechanics is learned, and γ in the user's unit of time: a number, or fit. */
  readonly energy?: EnergyKind;
  readonly friction?: string;
}

/** @throws UserError */
export function checkAsked(asked: Asked, method: MethodName): void {
  checkForces(asked, method);
  checkHead(asked, method);
  checkPairs(asked, method);
  checkMechanics(asked, method);
  if (dependsOnTime(asked.noise) && descriptionOf(method).path?.shape === "bridge")
    throw new UserError(
      `--noise "${asked.noise}": the bridges of ${method} have constant noise`,
      "give a number, or use eam, euam or wlf-sb",
    );
  if (asked.coupling === "unbalanced" && !has(method, "growth"))
    throw new UserError(`--coupling unbalanced: ${method} has no growth`, "use a method with growth, such as wlf-uot or uam");
}

/** Numbers that were given and would move nothing. */
interface Given {
  readonly noise: number | string;
  readonly growth?: number;
}

/** @throws UserError */
export function checkUsed({ noise, growth }: Given, method: MethodName): void {
  const others = (what: "noise" | "growth"): string => `those with ${what} are ${methodNames.filter((m) => has(m, what)).join(", ")}`;
  if (noise !== learnDefaults.noise && !has(method, "noise"))
    throw new UserError(`--noise ${noise}: ${method} is a motion without noise`, others("noise"));
  if (growth !== undefined && !has(method, "growth"))
    throw new UserError(`--growth ${growth}: ${method} knows no growth`, others("growth"));
}

/** Can the action have the form that was asked for? */
function checkHead({ head }: Asked, method: MethodName): void {
  if (head === undefined || head === "scalar") return;
  if (!hasAction(method))
    throw new UserError(
      `--head: ${method} is ${methods[method].family}, which has no action`,
      "use action matching (am, …) or a Lagrangian flow (wlf-ot, …)",
    );
  if (has(method, "growth"))
    throw new UserError(
      `--head ${head}: ${method} learns growth, and this form of the action cannot represent growth rates`,
      "use --head scalar",
    );
}

/** Growth that is known beforehand decides the pairs of unbalanced transport, and nothing else. */
function checkPriorGrowth(asked: Asked, method: MethodName): void {
  const { path, coupling } = descriptionOf(method);
  if (asked.priorGrowth === undefined) return;
  const pairs = asked.coupling ?? path?.coupling ?? coupling ?? "ot";
  if (!has(method, "growth"))
    throw new UserError(`--prior-growth: ${method} has no growth`, "use a method with growth: uam, euam, am-wfr, wlf-uot or wlf-usb");
  if (pairs !== "unbalanced")
    throw new UserError(
      `--prior-growth: it decides the masses of pairs of unbalanced transport, and the pairs are ${pairs} here`,
      path?.coupling ? "use uam, am-wfr or wlf-uot" : "leave --coupling out",
    );
  const force = (["drift", "velocity", "cost"] as const).find((key) => asked[key] !== undefined);
  if (force) throw new UserError(`--prior-growth and --${force}: pairs that follow a ${force} are balanced, without masses of their own`);
}

/** Has the method pairs of its own, and do they go with the forces? */
function checkPairs(asked: Asked, method: MethodName): void {
  const { path } = descriptionOf(method);
  if (asked.coupling !== undefined && path?.coupling !== undefined && path.coupling !== asked.coupling)
    throw new UserError(
      `--coupling ${asked.coupling}: ${method} has pairs of its own, ${path.coupling} ones`,
      "leave --coupling out, or choose another method",
    );
  checkPriorGrowth(asked, method);
  const force = (["drift", "velocity", "cost"] as const).find((key) => asked[key] !== undefined);
  const own = asked.coupling ?? path?.coupling;
  if (force && (own === "unbalanced" || isJoint(own)))
    throw new UserError(
      `--${force}: pairs of ${isJoint(own) ? "chains that turn least" : "unbalanced transport"} do not follow it`,
      path?.coupling ? "use uam or wlf-uot" : "use --coupling ot",
    );
}

/** Does the method take the forces that were asked for? */
function checkForces(asked: Asked, method: MethodName): void {
  const { family } = methods[method];
  const withAction = hasAction(method);
  const given = (["cost", "drift", "velocity"] as const).find((key) => asked[key] !== undefined);
  // flow matching has no use for a free velocity, but for curves that go through particles with theirs
  const bends = given === "velocity" && family === "flow matching" && asked.path === "hermite";
  // in mechanics they are where particles begin
  const begins = given === "velocity" && family === "mechanics";
  if (given && !withAction && !bends && !begins)
    throw new UserError(
      `--${given}: ${method} is ${family}, which has no action`,
      "use action matching (am, …) or a Lagrangian flow (wlf-ot, …)",
    );
  if (asked.timeWeight !== undefined && family !== "action matching")
    throw new UserError(
      `--time-weight: ${method} is ${family}; only the loss of action matching has weights in time`,
      "use am, eam, uam or another am-* method",
    );
  if (family === "mechanics") return;
  const energy = (["potential", "interaction"] as const).find((key) => asked[key] !== undefined);
  if (energy && !has(method, "potential"))
    throw new UserError(`--${energy}: the method ${method} has none`, "use --method wlf-potential or wlf-uot-potential");
  if (!energy && has(method, "potential"))
    throw new UserError(
      `the method ${method} needs --potential or --interaction`,
      'a potential is a formula such as "pc1^2", data, or acceleration',
    );
  if (asked.interaction !== undefined && asked.batch % together !== 0)
    throw new UserError(`--batch ${asked.batch}: with --interaction it must be a multiple of ${together}, the particles that share a time`);
}
