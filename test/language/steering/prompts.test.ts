/** Prompts as people type them, by the model that comes with the package. */
import { expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { runParticles, scored } from "../../../src/language/index.ts";
import { loadTarget } from "../../../src/methods/steer/problem.ts";

const options = (prompt: string, length = 3) => ({ prompt, length, potential: "afinn", beta: 1, quick: false });

test.each([
  ["emoji", "🙂👩‍👩‍👧"],
  ["right to left", "שלום עולם مرحبا"],
  ["control characters", "a\u0000b\u0007\u001b[31m\u200f"],
  ["no prompt", ""],
  ["a lone half of a pair", "a\ud83d"],
])("%s: texts go on from what was read, and what was read is told", async (_, prompt) => {
  const { target, promptText, notes } = await loadTarget(undefined, options(prompt));
  const read = notes.some((note) => note.startsWith("the prompt is read as"));
  expect(read).toBe(promptText !== prompt);
  const { particles } = await runParticles(target, { particles: 4, resampling: "always" }, randomStream(1));
  const rows = Array.from({ length: 4 }, (_, row) => particles.tokens.data.slice(3 * row, 3 * row + 3));
  // a letter of several bytes may be cut at the end of the prompt
  for (const { text } of scored(target, rows)) expect(text.startsWith(promptText.replace(/\ufffd+$/, ""))).toBe(true);
  expect([...particles.logModel.data].every(Number.isFinite)).toBe(true);
});

test("a prompt longer than the context is refused before any work", async () => {
  await expect(loadTarget(undefined, options("the people ".repeat(400)))).rejects.toThrow(
    /tokens of the prompt and 3 more are \d+, and .* reads 256/,
  );
  await expect(loadTarget(undefined, options("the people", 300))).rejects.toThrow(/300 more are \d+, and .* reads 256/);
});
