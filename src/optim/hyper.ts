/**
 * Hyper-parameters as data: meaning, default, legal range, and the range a search should cover. The table of an optimizer is the only
 * statement of its options: their types, defaults, checks, help and searches come from it.
 */
import { nearest, UserError } from "../errors.ts";
import type { Rate } from "./schedules.ts";

/** A number with a legal range. */
export interface NumberParameter {
  readonly kind: "number" | "integer";
  readonly meaning: string;
  readonly default: number;
  /** Legal values: [low, high], with ends that `open` leaves out. */
  readonly range: readonly [low: number, high: number];
  readonly open?: "low" | "high" | "both";
  /** What a random search should cover; logarithmic unless said. */
  readonly search?: { readonly low: number; readonly high: number; readonly scale?: "log" | "linear" };
  /** Whether it may be a function of the step. */
  readonly schedule?: boolean;
}

/** A number, or a function of the step. */
export interface ScheduleParameter extends NumberParameter {
  readonly schedule: true;
}

/** One of some names. */
export interface ChoiceParameter<C extends string = string> {
  readonly kind: "choice";
  readonly meaning: string;
  readonly default: C;
  readonly choices: readonly C[];
  /** Whether the choices are examples of names that are checked elsewhere. */
  readonly free?: boolean;
}

/** Yes or no. */
export interface BooleanParameter {
  readonly kind: "boolean";
  readonly meaning: string;
  readonly default: boolean;
}

/** One entry of a table. */
export type Hyperparameter = NumberParameter | ChoiceParameter | BooleanParameter;
/** The table of an optimizer: entries by name of the option. */
export type Hyperparameters = Readonly<Record<string, Hyperparameter>>;

type ValueOf<P extends Hyperparameter> = P extends ScheduleParameter
  ? Rate
  : P extends NumberParameter
    ? number
    : P extends ChoiceParameter<infer C>
      ? C
      : boolean;

/** Values that a table of parameters describes. */
export type Settings<P extends Hyperparameters> = { readonly [K in keyof P]: ValueOf<P[K]> };

/** Options that a table of parameters describes: those that are left out have its defaults. */
export type OptionsOf<P extends Hyperparameters> = { readonly [K in keyof P]?: ValueOf<P[K]> };

type NumberOptions = Partial<Omit<NumberParameter, "meaning" | "default" | "range">>;

/** A number between low and high, both legal unless `open` says otherwise. */
export const number = (meaning: string, value: number, low: number, high: number, options: NumberOptions = {}): NumberParameter => ({
  kind: "number",
  meaning,
  default: value,
  range: [low, high],
  ...options,
});

/** A whole number between low and high. */
export const integer = (meaning: string, value: number, low: number, high: number, options: NumberOptions = {}): NumberParameter =>
  number(meaning, value, low, high, { ...options, kind: "integer" });

/** A number, or a function of the step. */
export const scheduled = (parameter: NumberParameter): ScheduleParameter => ({ ...parameter, schedule: true });

/** One of some names; the first is the default. */
export const choice = <const C extends string>(meaning: string, choices: readonly C[]): ChoiceParameter<C> => ({
  kind: "choice",
  meaning,
  default: choices[0],
  choices,
});

/** A name of which there are more than the examples; the first is the default. Who uses it checks it. */
export const freeChoice = (meaning: string, examples: readonly string[]): ChoiceParameter => ({
  ...choice(meaning, examples),
  free: true,
});

/** Yes or no. */
export const toggle = (meaning: string, value: boolean): BooleanParameter => ({ kind: "boolean", meaning, default: value });

/** Share of the old in a running mean. */
export const memory = (meaning: string, value: number, search?: NumberParameter["search"]): NumberParameter =>
  number(meaning, value, 0, 1, { open: "high", search });
/** α of the heavy ball. */
export const momentum = (value: number): NumberParameter =>
  memory("memory of the heavy-ball momentum", value, { low: 0.3, high: 0.95, scale: "linear" });
/** κ. */
export const weightDecay = (value: number): NumberParameter =>
  number("decay of the weights", value, 0, Number.POSITIVE_INFINITY, { open: "high", search: { low: 1e-6, high: 0.1 } });
/**
 * T, or a program that says at which steps. Not searched: it trades time for quality, and searching for quality alone would always end at
 * 1.
 */
export const every = (value: number): ScheduleParameter => scheduled(integer("steps between updates of the preconditioner", value, 1, 1e9));
/** Rounding of everything that a preconditioner computes and keeps. */
export const precision = (meaning: string): ChoiceParameter<Precision> => choice(meaning, ["full", "bf16", "f16"]);
/** Number formats of preconditioners. */
export type Precision = "full" | "bf16" | "f16";
/** n, of which the loss is the mean. */
export const terms = choice("what the loss is a mean over, and so what B counts: examples, or examples and positions (tokens)", [
  "batch",
  "batch+sequence",
]);
/** How the loss is made from the examples of a batch. */
export const reduction = choice("kind of the loss: mean over the batch, or sum", ["mean", "sum"]);

const interval = ({ range: [low, high], open }: NumberParameter): string =>
  `${open === "low" || open === "both" ? "(" : "["}${low}, ${Number.isFinite(high) ? high : "∞"}${
    open === "high" || open === "both" || !Number.isFinite(high) ? ")" : "]"
  }`;

function problem(value: unknown, p: Hyperparameter): string | undefined {
  if (p.kind === "choice" && p.free) return typeof value === "string" ? undefined : "is not a name";
  if (p.kind === "choice") return p.choices.includes(value as string) ? undefined : `is none of ${p.choices.join(", ")}`;
  if (p.kind === "boolean") return typeof value === "boolean" ? undefined : "is not true or false";
  const { range, open } = p;
  if (typeof value !== "number" || Number.isNaN(value)) return "is not a number";
  if (p.kind === "integer" && !Number.isInteger(value)) return "is not a whole number";
  const below = open === "low" || open === "both" ? value <= range[0] : value < range[0];
  const above = open === "high" || open === "both" || !Number.isFinite(range[1]) ? value >= range[1] : value > range[1];
  return below || above ? `is not in ${interval(p)}` : undefined;
}

/** Schedules, and names that are chosen by layer or axis, may be functions. */
const mayBeFunction = (p: Hyperparameter): boolean => (p.kind === "choice" ? p.free === true : "schedule" in p);

/**
 * Options with defaults filled in. `undefined` means the default.
 *
 * @throws  UserError if an option is unknown or out of its range
 */
export function settle<P extends Hyperparameters>(
  optimizer: string,
  table: P,
  options: Readonly<Record<string, unknown>>,
  others: readonly string[] = [],
): Settings<P> {
  for (const name of Object.keys(options)) {
    if (name in table || others.includes(name)) continue;
    const near = nearest(name, [...Object.keys(table), ...others]);
    throw new UserError(
      `${optimizer}: there is no option ${name}`,
      near ? `did you mean ${near}?` : `its options are ${[...Object.keys(table), ...others].join(", ")}`,
    );
  }
  return Object.fromEntries(
    Object.entries(table).map(([name, parameter]) => {
      const value = options[name] ?? parameter.default;
      if (!(typeof value === "function" && mayBeFunction(parameter))) checkValue(optimizer, name, value, parameter);
      return [name, value];
    }),
  ) as Settings<P>;
}

/** @throws  UserError if the value is out of its range */
function checkValue(optimizer: string, name: string, value: unknown, parameter: Hyperparameter): void {
  const wrong = problem(value, parameter);
  if (wrong) throw new UserError(`${optimizer}: ${name} = ${String(value)} ${wrong}`, `${name} is the ${parameter.meaning}`);
}

/** The rate of every optimizer: positive, or a schedule. */
export const learningRate = (value: number, low: number, high: number): NumberParameter =>
  number("step size", value, 0, Number.POSITIVE_INFINITY, { open: "both", search: { low, high } });

/** @throws  UserError unless the rate is a positive number or a schedule */
export function checkRate(optimizer: string, rate: unknown): void {
  if (typeof rate !== "function") checkValue(optimizer, "lr", rate, learningRate(1e-3, 1e-6, 1));
}

/** Meaning, choices, default and search range in a line. */
export function describeHyperparameter(p: Hyperparameter): string {
  if (p.kind === "choice") return `${p.meaning}: ${p.choices.join(", ")} (default ${p.default})`;
  if (p.kind === "boolean") return `${p.meaning} (default ${p.default})`;
  const search = p.search ? `; search ${p.search.low} to ${p.search.high}` : "";
  return `${p.meaning} (default ${p.default}${search})`;
}
