import { Command as Program } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { addFlags } from "../../src/cli/options.ts";
import { run } from "../../src/cli/program.ts";
import { FileFormatError, UserError } from "../../src/errors.ts";
import { job, type Registered } from "../../src/lab/command.ts";
import { version } from "../../src/lab/invocation.ts";
import { parseOptions } from "../../src/lab/options.ts";
import { sampleOptions as schema } from "../lab/sample-options.ts";

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
    const inner = job({
      name: `${name} inner`,
      summary: "inner",
      examples: [],
      options: z.object({ need: z.int().describe("needed") }),
      run: async () => ({ results: {}, text: [] }),
    });
    return job({
      name,
      summary: `summary of ${name}`,
      arguments: [{ name: "[kind]", description: "kind of failure" }],
      examples: [],
      options: z.object({ seed: z.int().optional().describe("seed") }),
      commands: [inner],
      async run([kind]) {
        if (failures[kind]) throw failures[kind];
        return { results: {}, text: [] };
      },
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
      [["fail", "inner"], "error: --need is missing: expected number\n  hint: --need is needed\n"],
    ];
    for (const [args, error] of cases) expect(await cli(...args)).toEqual({ code: 1, out: "", error });
  });

  test("shows where a fault happened when asked to", async () => {
    process.env.PUSHFORWARD_DEBUG = "1";
    expect((await cli("fail", "bug")).error).toContain("program.test.ts");
  });
});

describe("options", () => {
  test("are declared by the schema: names, placeholders, defaults", () => {
    const help = addFlags(new Program("x"), schema).helpInformation();
    for (const line of [
      /--steps <n>\s+steps of training \(default: 3000\)/,
      /--hold-out <n>\s+time to hold out\n/,
      /--method <am\|eam>\s+\(default: am\)/,
      /--whiten\s/,
    ])
      expect(help).toMatch(line);
  });

  test("are parsed, validated and completed", () => {
    const command = addFlags(new Program("x"), schema).exitOverride();
    command.parse(["--steps", "50", "--hold-out", "-2.5", "--whiten"], { from: "user" });
    expect(parseOptions(schema, command.opts()).options).toEqual({ steps: 50, rate: 1e-3, holdOut: -2.5, method: "am", whiten: true });
  });
});
