import { Command } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sharedOptions, tableOptions } from "../../src/cli/common.ts";
import { addOptions, parseOptions, validate } from "../../src/cli/options.ts";
import { type Registered, run, version } from "../../src/cli/program.ts";
import { loadSnapshots } from "../../src/data/load.ts";
import { FileFormatError, UserError } from "../../src/errors.ts";

const failures: Record<string, unknown> = {
  user: new UserError('cells.csv: no column "tme"', 'did you mean "time"?'),
  plain: new UserError("no hint"),
  format: new FileFormatError("npy: the header is cut off"),
  bug: new TypeError("x is undefined\n at line 3"),
};
let loaded: string[] = [];
const commands: Registered[] = ["fail", "trajectories"].map((name) => ({
  name,
  summary: `summary of ${name}`,
  load: async () => {
    loaded.push(name);
    const inner = new Command("inner").requiredOption("--need <n>", "needed");
    return new Command(name)
      .argument("[kind]")
      .option("--seed <n>", "seed")
      .addCommand(inner)
      .action((kind: string) => {
        if (failures[kind]) throw failures[kind];
      });
  },
}));

async function cli(...args: string[]) {
  loaded = [];
  let [out, error] = ["", ""];
  const output = { out: (t: string) => void (out += t), error: (t: string) => void (error += t) };
  const code = await run(args, commands, output);
  return { code, out, error };
}

afterEach(() => {
  delete process.env.PUSHFORWARD_DEBUG;
});

describe("the program", () => {
  test("shows help and version without loading a command", async () => {
    for (const args of [["--help"], [], ["help"]]) {
      const { code, out, error } = await cli(...args);
      expect([code, error, loaded]).toEqual([0, "", []]);
      expect(out).toContain("summary of trajectories");
    }
    expect(await cli("--version")).toEqual({ code: 0, out: `${version()}\n`, error: "" });
    expect(version()).toMatch(/^\d+\.\d+\.\d+/);
  });

  test("loads only the command that is asked for, also for its help", async () => {
    expect((await cli("fail")).code).toBe(0);
    expect(loaded).toEqual(["fail"]);
    const { code, out } = await cli("trajectories", "--help");
    expect([code, loaded]).toEqual([0, ["trajectories"]]);
    expect(out).toContain("--seed <n>");
    expect((await cli("help", "trajectories")).out).toContain("--seed <n>");
  });

  test("tells mistakes in two lines and fails with code 1", async () => {
    const cases: [string[], string][] = [
      [["fail", "user"], 'error: cells.csv: no column "tme"\n  hint: did you mean "time"?\n'],
      [["fail", "plain"], "error: no hint\n"],
      [["fail", "format"], "error: npy: the header is cut off\n"],
      [["fail", "bug"], "error: x is undefined\n  hint: this is a fault of the program; PUSHFORWARD_DEBUG=1 shows where it happened\n"],
      [["trajectoris"], "error: unknown command 'trajectoris'\n  hint: did you mean trajectories?\n"],
      [["fail", "--sed", "1"], "error: unknown option '--sed'\n  hint: did you mean --seed?\n"],
      [["fail", "--seed"], "error: option '--seed <n>' argument missing\n  hint: --help shows the options\n"],
      [["fail", "inner"], "error: required option '--need <n>' not specified\n  hint: --help shows the options\n"],
    ];
    for (const [args, error] of cases) expect(await cli(...args)).toEqual({ code: 1, out: "", error });
  });

  test("shows where a fault happened when asked to", async () => {
    process.env.PUSHFORWARD_DEBUG = "1";
    expect((await cli("fail", "bug")).error).toContain("program.test.ts");
  });
});

const schema = z.object({
  steps: z.int().min(1).default(3000).describe("steps of training"),
  rate: z.number().default(1e-3),
  holdOut: z.number().optional().describe("time to hold out"),
  method: z.enum(["am", "eam"]).default("am"),
  whiten: z.boolean().default(false),
});

describe("options", () => {
  test("are declared by the schema: names, placeholders, defaults", () => {
    const help = addOptions(new Command("x"), schema).helpInformation();
    for (const line of [
      /--steps <n>\s+steps of training \(default: 3000\)/,
      /--hold-out <n>\s+time to hold out\n/,
      /--method <am\|eam>\s+\(default: am\)/,
      /--whiten\s/,
    ])
      expect(help).toMatch(line);
  });

  test("are parsed, validated and completed", () => {
    const command = addOptions(new Command("x"), schema).exitOverride();
    command.parse(["--steps", "50", "--hold-out", "-2.5", "--whiten"], { from: "user" });
    expect(parseOptions(schema, command.opts())).toEqual({ steps: 50, rate: 1e-3, holdOut: -2.5, method: "am", whiten: true });
  });

  test("say what is wrong with them", () => {
    const cases: [Record<string, unknown>, RegExp, string?][] = [
      [{ steps: "many" }, /^--steps: expected .*number.* \(got "many"\)$/],
      [{ steps: "2.5" }, /^--steps: expected int.* \(got 2.5\)$/],
      [{ steps: "0" }, /^--steps: too small.*>=1 \(got 0\)$/],
      [{ steps: "" }, /^--steps: expected .*number/],
      [{ holdOut: "x" }, /^--hold-out: /],
      [{ method: "amm" }, /^--method: expected one of "am"\|"eam" \(got "amm"\)$/],
      [{ hold: 1, holdout: 1 }, /^unknown option --hold$/],
      [{ stesp: 1 }, /^unknown option --stesp$/, "did you mean --steps?"],
    ];
    for (const [given, message, hint] of cases) {
      const attempt = () => parseOptions(schema, given);
      expect(attempt).toThrow(UserError);
      expect(attempt).toThrow(message);
      if (hint) expect(attempt).toThrow(expect.objectContaining({ hint }));
    }
    expect(() => validate(z.object({ net: z.array(z.int()) }), { net: [1, "x"] })).toThrow('net.1: expected number (got "x")');
  });
});

describe("snapshots for a command", () => {
  const options = z.object({ ...sharedOptions, ...tableOptions });

  test("come from exactly one of a file and a built-in set", async () => {
    await expect(loadSnapshots(undefined, options.parse({}))).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining("gapminder") }),
    );
    await expect(loadSnapshots("a.csv", options.parse({ data: "gapminder" }))).rejects.toThrow(/not both/);
    const quick = await loadSnapshots(undefined, options.parse({ data: "bifurcation", quick: true, seed: 3 }));
    expect(quick.snapshots.map((s) => s.shape[0])).toEqual([200, 200, 200, 200, 200]);
  });

  test("from a file take the table's options", async () => {
    const file = "node_modules/vega-datasets/data/gapminder.json";
    const s = await loadSnapshots(file, options.parse({ time: "year", features: "fertility,life_expect", label: "country" }));
    expect([s.name, s.times.length, s.features, s.labels?.[0][0]]).toEqual([
      "gapminder.json",
      11,
      ["fertility", "life_expect"],
      "Afghanistan",
    ]);
  });
});
