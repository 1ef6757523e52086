/** Settings of a run that a fork may change. */

type Setting = string | number | boolean;

const isSetting = (value: unknown): value is Setting => ["string", "number", "boolean"].includes(typeof value);

/** What the run itself wrote down beside its options. */
const written = new Set(["command", "version", "dataset", "source"]);

export const settingsOf = (config: Readonly<Record<string, unknown>>): { readonly key: string; readonly value: Setting }[] =>
  Object.entries(config).flatMap(([key, value]) => (isSetting(value) && !written.has(key) ? [{ key, value }] : []));

/** What was typed, as what the setting was: a number, a truth or a text. */
export function typedSetting(before: unknown, typed: string): Setting {
  if (typeof before === "boolean" && /^(true|false)$/.test(typed)) return typed === "true";
  if (typeof before === "number" && typed.trim() !== "" && !Number.isNaN(Number(typed))) return Number(typed);
  return typed;
}
