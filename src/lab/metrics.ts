/** What runs of a method can be compared by, declared before any of them: so that a mistyped metric is refused before the first run, not after it. */
import { nearest, UserError } from "../errors.ts";

/**
 * Names of the numbers that runs of a method write, where the options and the data ask for them. In a name `*` stands for one part that these decide
 * ("methods.*.excess"), and `**` at its end for whatever lies below ("heldOut.**").
 */
export interface Reported {
  /** Of metrics.jsonl, by step. */
  readonly rows: readonly string[];
  /** Of results.json; dots lead into objects and lists: "value.dual", "interval.0". */
  readonly results: readonly string[];
}

/** Every results.json has them, by lab's doing. */
const always = ["seconds"];

const namesOf = ({ rows, results }: Reported, byStep: boolean): string[] => [
  ...new Set([...rows, ...(byStep ? [] : [...results, ...always])]),
];

/** Does one of the names stand for this one? */
export const stands = (names: readonly string[], name: string): boolean => names.some((pattern) => standsFor(pattern, name));

function standsFor(pattern: string, name: string): boolean {
  const [wanted, parts] = [pattern.split("."), name.split(".")];
  const open = wanted.at(-1) === "**";
  const fixed = open ? wanted.slice(0, -1) : wanted;
  return (
    (open ? parts.length > fixed.length : parts.length === fixed.length) && fixed.every((part, i) => part === "*" || part === parts[i])
  );
}

/** A name that the pattern stands for, with what `name` has in its open places. */
function filled(pattern: string, name: string): string {
  const parts = name.split(".");
  return pattern
    .split(".")
    .flatMap((part, i) => (part === "**" ? parts.slice(i) : part === "*" ? [parts[i] ?? part] : [part]))
    .join(".");
}

/** Most names that a refusal lists. */
const most = 20;

/**
 * @param byStep  whether the number is wanted before a run has ended: then only what stands in its rows will do
 * @throws UserError  for a number that no run of the command has, with the nearest names
 */
export function checkMetric(metric: string, command: string, reported: Reported, { byStep = false } = {}): void {
  const names = namesOf(reported, byStep);
  if (stands(names, metric)) return;
  const late = byStep && stands(namesOf(reported, false), metric);
  const short = names.filter((name) => !name.includes("*"));
  // a mistyped last part of a long name is near to it, not to the whole
  const guess = nearest(
    metric,
    names.map((name) => filled(name, metric)),
  );
  const ending = names.find((name) => name.endsWith(`.${metric}`));
  const meant = guess ?? ending;
  const shown = short.length > 0 ? short : names;
  const list = `${shown.slice(0, most).join(", ")}${shown.length > most || shown.length < names.length ? ", …" : ""}`;
  throw new UserError(
    late
      ? `metric: "${metric}" is known only when a run of ${command} has ended`
      : `metric: "${metric}" is no number of runs of ${command}`,
    `${meant === undefined ? "" : `did you mean "${meant}"? `}${byStep ? "By step they have" : "They have"} ${list || "none"}`,
  );
}
