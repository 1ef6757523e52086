/** The settings of a demo in its address, so that it can be shared: what differs from the defaults, clouds as two letters a coordinate. */
import type { Control, Settings } from "../../src/demos/demo.ts";

export type Cloud = readonly (readonly [number, number])[];

/** Coordinates are kept to a 127th, so that whoever opens the address has the same points. */
const fine = 127;
export const rounded = (value: number): number => Math.round(Math.min(1, Math.max(-1, value)) * fine) / fine + 0; // no -0

const hex = (value: number): string => (Math.round(value * fine) + fine).toString(16).padStart(2, "0");
export const cloudsToText = (clouds: readonly Cloud[]): string =>
  clouds.map((cloud) => cloud.map(([x, y]) => hex(x) + hex(y)).join("")).join("-");

export const cloudsFromText = (text: string): Cloud[] =>
  text.split("-").map((cloud) => [...cloud.matchAll(/([0-9a-f]{2})([0-9a-f]{2})/g)].map(([, x, y]) => [fromHex(x), fromHex(y)] as const));

const fromHex = (text: string): number => rounded((Number.parseInt(text, 16) - fine) / fine);

/** What a control is before it is touched. */
export const defaultOf = (control: Control): unknown => (control.kind === "file" ? undefined : control.value);

/** A setting as text; undefined for one that the address does not keep: a file, or what is as it was. */
function toText(control: Control, value: unknown): string | undefined {
  if (control.kind === "file" || value === control.value) return undefined;
  if (control.kind === "clouds") return isClouds(value) ? cloudsToText(value) : undefined;
  return String(value);
}

export const isClouds = (value: unknown): value is readonly Cloud[] => Array.isArray(value) && value.every(Array.isArray);

/** A setting from text; the default for what is none. */
function fromText(control: Control, text: string): unknown {
  if (control.kind === "range") {
    const number = Number(text);
    return text.trim() === "" || Number.isNaN(number) ? control.value : Math.min(control.max, Math.max(control.min, number));
  }
  if (control.kind === "choice") return control.choices.some(({ value }) => value === text) ? text : control.value;
  if (control.kind === "switch") return text === "true";
  if (control.kind === "text") return text;
  if (control.kind === "file") return undefined;
  const clouds = cloudsFromText(text).slice(0, control.most);
  return clouds.length >= control.least ? clouds : control.value;
}

export function settingsToQuery(controls: readonly Control[], settings: Settings, seed: number): Record<string, string> {
  const pairs = controls.flatMap((control) => {
    const text = toText(control, settings[control.key]);
    return text === undefined ? [] : [[control.key, text] as const];
  });
  return { ...Object.fromEntries(pairs), ...(seed !== 0 && { seed: String(seed) }) };
}

export function settingsFromQuery(
  controls: readonly Control[],
  query: Readonly<Record<string, string>>,
): { settings: Record<string, unknown>; seed: number } {
  const settings = controls.map((control) => {
    const text = query[control.key];
    return [control.key, text === undefined ? defaultOf(control) : fromText(control, text)];
  });
  const seed = Number(query.seed ?? 0);
  return { settings: Object.fromEntries(settings), seed: Number.isSafeInteger(seed) && seed >= 0 ? seed : 0 };
}
