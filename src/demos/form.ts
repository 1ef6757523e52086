/** What people may set, field by field: the control that a page shows, and how a value of it is read and refused. */
import { type NdArray, ndarray } from "../array/index.ts";
import { nearest, UserError } from "../errors.ts";
import type { Control, GivenFile, Settings } from "./demo.ts";

/** A control without its key, and the value that it stands for. */
interface Field<T> {
  readonly control: (key: string) => Control;
  /** @throws UserError  for what the control cannot have */
  readonly parse: (given: unknown) => T;
}

/** What a control of a kind says besides its kind and key. */
type Says<K extends Control["kind"]> = Omit<Extract<Control, { kind: K }>, "kind" | "key">;

/** A number between two others, in steps from the lower one. */
export function range(says: Says<"range">): Field<number> {
  const { label, min, max, step, value } = says;
  return {
    control: (key) => ({ kind: "range", key, ...says }),
    parse(given = value) {
      if (typeof given !== "number" || !(given >= min && given <= max))
        throw new UserError(`${label}: ${String(given)} is not a number from ${min} to ${max}`);
      const steps = (given - min) / step;
      if (Math.abs(steps - Math.round(steps)) > 1e-6) throw new UserError(`${label}: ${given} is not in steps of ${step} from ${min}`);
      return given;
    },
  };
}

/** One of several, by name. */
export function choice<C extends string>({
  choices,
  value,
  ...says
}: Omit<Says<"choice">, "choices" | "value"> & { readonly choices: Readonly<Record<C, string>>; readonly value: NoInfer<C> }): Field<C> {
  const isOne = (given: unknown): given is C => typeof given === "string" && Object.hasOwn(choices, given);
  const listed = Object.entries<string>(choices).map(([name, label]) => ({ value: name, label }));
  return {
    control: (key) => ({ kind: "choice", key, choices: listed, value, ...says }),
    parse(given = value) {
      if (isOne(given)) return given;
      throw new UserError(`${says.label}: there is no "${String(given)}"`, `choose ${listed.map((c) => c.value).join(", ")}`);
    },
  };
}

/** A line of words. */
export function text({ longest, ...says }: Says<"text"> & { readonly longest: number }): Field<string> {
  const { label, value } = says;
  return {
    control: (key) => ({ kind: "text", key, ...says }),
    parse(given = value) {
      if (typeof given !== "string") throw new UserError(`${label}: ${String(given)} is no text`);
      if (given.length > longest) throw new UserError(`${label}: ${given.length} signs, more than ${longest}`, "write less");
      return given;
    },
  };
}

/** A file of theirs, or none. */
export function file(says: Says<"file"> & { readonly largest: number }): Field<GivenFile | undefined> {
  const { largest, ...shown } = says;
  const isFile = (given: unknown): given is GivenFile =>
    typeof given === "object" && given !== null && "name" in given && "bytes" in given && given.bytes instanceof Uint8Array;
  return {
    control: (key) => ({ kind: "file", key, ...shown }),
    parse(given) {
      if (given === undefined || given === null) return undefined;
      if (!isFile(given)) throw new UserError(`${says.label}: ${String(given)} is no file`);
      if (given.bytes.length > largest)
        throw new UserError(`${given.name} has ${given.bytes.length} bytes, more than ${largest}`, "the command takes files of any size");
      return given;
    },
  };
}

/** Yes or no. */
export const toggle = (says: Says<"switch">): Field<boolean> => ({
  control: (key) => ({ kind: "switch", key, ...says }),
  parse(given = says.value) {
    if (typeof given !== "boolean") throw new UserError(`${says.label}: ${String(given)} is neither true nor false`);
    return given;
  },
});

/** Fewest points of a cloud whose distances have an error, and most that are moved while one looks. */
const [fewest, mostPoints] = [5, 300];

/** Clouds in the square, each [n, 2]. */
export function clouds(says: Says<"clouds">): Field<NdArray<"f32">[]> {
  const { label, least, most } = says;
  return {
    control: (key) => ({ kind: "clouds", key, ...says }),
    parse(given = says.value) {
      if (!Array.isArray(given)) throw new UserError(`${label}: ${String(given)} are not clouds`);
      if (given.length < least || given.length > most)
        throw new UserError(`${label}: ${given.length} clouds, not ${least} to ${most}`, "draw another, or take one away");
      return given.map((points: unknown, k) => cloudOf(points, `${label}, cloud ${k + 1}`));
    },
  };
}

/** @throws UserError  naming the cloud and the point */
function cloudOf(points: unknown, name: string): NdArray<"f32"> {
  if (!Array.isArray(points) || points.length < fewest)
    throw new UserError(`${name} has ${Array.isArray(points) ? points.length : "no"} points, and ${fewest} are needed`, "draw more of it");
  if (points.length > mostPoints)
    throw new UserError(`${name} has ${points.length} points, more than ${mostPoints}`, "draw fewer, or give the command a file of them");
  const inside = (v: unknown): boolean => typeof v === "number" && Math.abs(v) <= 1;
  const wrong = points.findIndex((p: unknown) => !(Array.isArray(p) && p.length === 2 && p.every(inside)));
  if (wrong >= 0) throw new UserError(`${name}: point ${wrong + 1}, ${String(points[wrong])}, is not in the square from -1 to 1`);
  return ndarray(Float32Array.from(points.flat()), [points.length, 2], "f32");
}

/** All fields of a demo: controls for the page, and values from what it sends back. */
export interface Form<T> {
  readonly controls: readonly Control[];
  /** @throws UserError  for a value that its control does not have, and a key that no control has */
  readonly read: (settings: Settings) => T;
}

export function form<T extends object>(fields: { readonly [K in keyof T & string]: Field<T[K]> }): Form<T> {
  const all = Object.entries<Field<unknown>>(fields);
  const keys = all.map(([key]) => key);
  return {
    controls: all.map(([key, { control }]) => control(key)),
    read(settings) {
      const unknown = Object.keys(settings).find((key) => !keys.includes(key));
      if (unknown !== undefined) {
        const guess = nearest(unknown, keys);
        throw new UserError(`there is no setting "${unknown}"`, guess ? `did you mean ${guess}?` : `settings are ${keys.join(", ")}`);
      }
      // the entries are those of T, which Object.entries does not say
      return Object.fromEntries(all.map(([key, { parse }]) => [key, parse(settings[key])])) as T;
    },
  };
}
