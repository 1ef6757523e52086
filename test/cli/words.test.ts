/** The words of the command line, for all commands: what a shell offers, and what becomes of options that others write. */
import { execFileSync } from "node:child_process";
import { Command as Program } from "commander";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { addFlags } from "../../src/cli/options.ts";
import { run } from "../../src/cli/program.ts";
import type { Command } from "../../src/lab/command.ts";
import { commandText, toFlags } from "../../src/lab/invocation.ts";
import { optionFacts, optionInfos } from "../../src/lab/options.ts";

async function completion(shell: string) {
  let [out, error] = ["", ""];
  const code = await run(["completion", shell], commands, { out: (t) => void (out += t), error: (t) => void (error += t) });
  return { code, out, error };
}

/** What bash offers for words, the last of which is being typed. */
function offered(script: string, ...words: string[]): string[] {
  const line = ["pushforward", ...words].map((word) => `'${word}'`).join(" ");
  const program = `${script}\ncd /dev\nCOMP_WORDS=(${line})\nCOMP_CWORD=${words.length}\n_pushforward\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", program], { encoding: "utf8" }).split("\n").filter(Boolean);
}

test("bash completes commands, subcommands, options and their values", async () => {
  const { code, out } = await completion("bash");
  expect(code).toBe(0);
  expect(offered(out, "mol")).toEqual(["molecule"]);
  expect(offered(out, "molecule", "sc")).toEqual(["scan"]);
  expect(offered(out, "molecule", "LiH", "--transport-weight-")).toEqual(["--transport-weight-end"]);
  expect(offered(out, "molecule", "--method", "")).toEqual(["wfr", "w", "fr"]);
  expect(offered(out, "molecule", "hf", "--basis", "sto-6")).toEqual(["sto-6g"]);
  expect(offered(out, "runs", "com")).toEqual(["compare"]);
  expect(offered(out, "train", "nul")).toEqual(["null"]); // files, of /dev
});

test("zsh reads the same script; fish has a line an option; other shells are refused", async () => {
  expect((await completion("zsh")).out).toMatch(/^autoload -U \+X bashcompinit/);
  const { out } = await completion("fish");
  expect(out).toMatch(/complete -c pushforward -n 'test \(__pushforward_path\) = " molecule"' -l method -xa 'wfr w fr'/);
  expect(out.split("\n").filter((line) => line.startsWith("complete")).length).toBeGreaterThan(200);
  expect((await completion("tcsh")).error).toMatch(/there is no completion for "tcsh"/);
});

const all = async (): Promise<Command[]> => {
  const withParts = (command: Command): Command[] => [command, ...command.commands.flatMap(withParts)];
  return (await Promise.all(commands.map(({ load }) => load()))).flatMap(withParts);
};

test("every switch of every command, on and off, comes back from its words", async () => {
  for (const { name, options, kind } of await all()) {
    const { onByDefault } = optionFacts(options);
    const switches = kind === "group" ? [] : optionInfos(options).flatMap(({ key, type }) => (type === "boolean" ? [key] : []));
    for (const value of [true, false]) {
      const given = Object.fromEntries(switches.map((key) => [key, value]));
      const program = addFlags(new Program(), options).parse(toFlags(given, onByDefault), { from: "user" });
      const back = Object.fromEntries(switches.map((key) => [key, program.opts()[key] ?? onByDefault.includes(key)]));
      expect(back, name).toEqual(given);
    }
  }
});

test("the line that repeats a run turns off what is on by default, and nothing else", () => {
  const said = { command: ["images"], arguments: ["photos"], onByDefault: ["bits"] };
  expect(commandText({ ...said, options: { bits: false, quick: false } })).toBe("pushforward images photos --no-bits");
  expect(commandText({ ...said, options: { bits: true, quick: true } })).toBe("pushforward images photos --quick");
});
