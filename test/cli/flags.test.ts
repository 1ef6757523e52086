/** Options become the words of a command line, for sweeps, parts and the page, and are read back as they were. */
import { Command as Program } from "commander";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { addFlags } from "../../src/cli/options.ts";
import type { Command } from "../../src/lab/command.ts";
import { commandText, toFlags } from "../../src/lab/invocation.ts";
import { optionFacts, optionInfos } from "../../src/lab/options.ts";

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
