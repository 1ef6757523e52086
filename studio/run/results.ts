/** The numbers of results.json, each beside its error. */
import type { Quantity } from "../../src/demos/demo.ts";

type Entries = Readonly<Record<string, unknown>>;
const isEntries = (value: unknown): value is Entries => typeof value === "object" && value !== null && !Array.isArray(value);

/** Said elsewhere on the page. */
const elsewhere = new Set(["run", "seconds", "warnings"]);

const errorNames = (key: string): string[] => [
  `${key}Error`,
  `${key}StandardError`,
  ...(key === "error" ? [] : ["error", "standardError"]),
];

/** All numbers, those within others by their path; an error stands beside its number and not by itself. */
export function numbersOf(results: unknown, path = ""): Quantity[] {
  if (!isEntries(results)) return [];
  const numeric = Object.keys(results).filter((key) => typeof results[key] === "number" && !(path === "" && elsewhere.has(key)));
  const values = numeric.filter((key) => !/error$/i.test(key) || numeric.length === 1);
  /** "error" alone belongs to the only value beside it. */
  const errorOf = (key: string): number | undefined => {
    const names = values.length === 1 ? errorNames(key) : errorNames(key).slice(0, 2);
    const error = names.map((name) => results[name]).find((value) => typeof value === "number");
    return typeof error === "number" ? error : undefined;
  };
  return Object.entries(results).flatMap(([key, value]) => {
    const name = path === "" ? key : `${path} ${key}`;
    if (isEntries(value)) return numbersOf(value, name);
    return typeof value === "number" && values.includes(key) ? [{ name, value, error: errorOf(key) }] : [];
  });
}
