/** Do methods write the numbers that they declare, and declare those that they write? Asked of the runs that tests have left behind. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { findCommand } from "../../src/lab/command.ts";
import { stands } from "../../src/lab/metrics.ts";
import { methods } from "../../src/methods/index.ts";

/** Numbers of a tree, and what stands for one that is not known, by path. */
function numbers(value: unknown, path = ""): string[] {
  if (typeof value === "number") return [path];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => numbers(inner, path === "" ? key : `${path}.${key}`));
}

/** Lists of results that are no numbers to compare runs by: texts with their tokens, weights, angles, spectra. */
const lists = /^(texts|modelTexts|angles|best\.weights|landscape\.walsh|measured\.interval)\./;

const lines = (path: string): string[] => readFileSync(path, "utf8").split("\n").filter(Boolean);

/**
 * Looks at all finished runs below a folder.
 * @param command  only at those of this one
 * @param unseen  names that these runs have no reason to write; or all that they do not, which runs of another file do
 */
export async function expectReported(root: string, command: string, unseen: readonly string[] | "elsewhere" = []): Promise<void> {
  const runs = globSync("**/results.json", { cwd: root }).flatMap((file) => {
    const folder = dirname(join(root, file));
    if (!existsSync(join(folder, "config.json"))) return []; // a part of a run that was not finished
    const { config, invocation } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    return config.command === command ? [{ folder, options: invocation.options }] : [];
  });
  const known = await findCommand(command, methods);
  const seen = new Map<string, { names: Set<string>; declared: readonly string[] }>();
  for (const { folder, options } of runs) {
    const given = Object.fromEntries(Object.entries(options).filter(([key]) => key === "model"));
    const { rows, results } = known.metrics(given) ?? { rows: [], results: [] };
    const written = lines(join(folder, "metrics.jsonl")).flatMap((row) => Object.keys(JSON.parse(row)));
    const found = numbers(JSON.parse(readFileSync(join(folder, "results.json"), "utf8"))).filter(
      (name) => name !== "seconds" && !lists.test(name),
    );
    const strays = [
      ...written.filter((name) => name !== "step" && !stands(rows, name)),
      ...found.filter((name) => !stands(results, name)).map((name) => `results: ${name}`),
    ];
    expect([...new Set(strays)], `${command}: written, not declared (${folder})`).toEqual([]);
    const key = JSON.stringify([rows, results]);
    const names = new Set([...(seen.get(key)?.names ?? []), ...written, ...found]);
    seen.set(key, { names, declared: [...rows, ...results] });
  }
  if (unseen === "elsewhere") return;
  for (const { names, declared } of seen.values()) {
    const idle = declared.filter((pattern) => ![...names].some((name) => stands([pattern], name)));
    expect(
      idle.filter((name) => !unseen.includes(name)),
      `${command}: declared, not written`,
    ).toEqual([]);
  }
}
