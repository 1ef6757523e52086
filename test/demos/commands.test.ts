/** The command that a demo names is one of the product's, with options that it takes. */
import { describe, expect, test } from "vitest";
import type { Control } from "../../src/demos/demo.ts";
import { demos } from "../../src/demos/index.ts";
import { UserError } from "../../src/errors.ts";
import { findCommand } from "../../src/lab/command.ts";
import { flag } from "../../src/lab/invocation.ts";
import { optionInfos } from "../../src/lab/options.ts";
import { methods } from "../../src/methods/index.ts";

/** Words of a command line; what is quoted is one. */
const wordsOf = (line: string): string[] => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);

/** Refuses what the program would refuse before it looks at data. */
async function check(line: string): Promise<void> {
  const [program, ...words] = wordsOf(line);
  expect(program).toBe("pushforward");
  const two = await findCommand(words.slice(0, 2).join(" "), methods).catch(() => undefined);
  const command = two ?? (await findCommand(words[0], methods));
  const rest = words.slice(two ? 2 : 1);
  const infos = optionInfos(command.options);
  const given: Record<string, unknown> = {};
  const values: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    if (!rest[i].startsWith("--")) {
      values.push(rest[i]);
      continue;
    }
    const info = infos.find(({ key }) => flag(key) === rest[i]);
    if (info === undefined) throw new Error(`${command.name} has no ${rest[i]}`);
    given[info.key] = info.type === "boolean" ? true : rest[++i];
  }
  expect(values.length).toBeLessThanOrEqual(command.arguments.length);
  command.check(given);
}

/** Every value of every choice, the others as they are. */
const variations = (controls: readonly Control[]) => [
  {},
  ...controls.flatMap((c) => (c.kind === "choice" ? c.choices.map(({ value }) => ({ [c.key]: value })) : [])),
  ...controls.flatMap((c) => (c.kind === "range" ? [{ [c.key]: c.min }, { [c.key]: c.max }] : [])),
];

describe.each(Object.keys(demos))("%s", (name) => {
  test("commands are valid whatever is chosen", async () => {
    const { command, controls } = await demos[name].load();
    for (const settings of variations(controls)) await check(command(settings));
  });

  test("what no control has is refused before anything begins", async () => {
    const { controls, command, start } = await demos[name].load();
    const wrong = controls.flatMap(({ key, kind }) =>
      ["nothing of the kind", Number.NaN, null, {}, [[]]]
        .filter((value) => !(kind === "text" && typeof value === "string") && !(kind === "file" && value === null))
        .map((value) => ({ [key]: value })),
    );
    for (const settings of [...wrong, { nothing: 1 }]) {
      expect(() => command(settings)).toThrow(UserError);
      await expect(start(settings, 1, async () => new Uint8Array())).rejects.toThrow(UserError);
    }
  });
});

test("energies of transport are options of the command", async () => {
  const { command } = await demos.transport.load();
  for (const kinetic of ["ot", "uot"])
    for (const potential of ["obstacle", "spring", "repulsion"]) {
      const line = command({ kinetic, potential, strength: 0.75 });
      await check(line);
      expect(line).toMatch(potential === "repulsion" ? /--interaction "1.5\*exp/ : /--potential "/);
    }
});
