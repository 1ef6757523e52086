/** `pushforward completion`: a script for the user's shell. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type Command, job, type Registered } from "../lab/command.ts";
import { completionScript, shells } from "../lab/completion.ts";

export const completionCommand = (registry: readonly Registered[]): Command =>
  job({
    name: "completion",
    summary: "completion of commands and options for bash, zsh and fish",
    arguments: [{ name: "<shell>", description: shells.join(", ") }],
    examples: ['eval "$(pushforward completion bash)"', "pushforward completion fish > ~/.config/fish/completions/pushforward.fish"],
    options: z.object({}),
    async run([name]) {
      const shell = shells.find((known) => known === name);
      if (!shell) throw new UserError(`there is no completion for "${name}"`, `one of ${shells.join(", ")}`);
      return { results: {}, text: [await completionScript(shell, registry)] };
    },
  });
