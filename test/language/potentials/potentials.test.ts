/** Potentials: lexicons, pieces, products and sums, files, and their errors. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listTokenizer } from "../../../src/language/chains/chain.ts";
import { checkedLogs, floored, type Potential, type Scored, tempered } from "../../../src/language/potentials/potential.ts";
import { readPotential } from "../../../src/language/potentials/read.ts";
import fc from "../../property.ts";

const folder = mkdtempSync(join(tmpdir(), "potentials-"));
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const tokenizer = listTokenizer(["a", "b", "c", "d"]);
const read = (text: string, more: { slope?: number; threshold?: number } = {}) => readPotential(text, { tokenizer, prompt: "", ...more });
const texts = (...list: string[]): Scored[] => list.map((text) => ({ text, tokens: new Int32Array(0) }));
const logs = async (potential: Potential, ...list: string[]): Promise<number[]> => [...(await checkedLogs(potential, texts(...list)))];

test("afinn: sum over lower-cased words, a cut last word included", async () => {
  const afinn = await read("afinn");
  // values of the lexicon itself: good 3, bad -3, superb 5
  expect(await logs(afinn, "Good, good BAD.", "nothing here", "a superb", "a super")).toEqual([3, 0, 5, 3]);
  expect(afinn.largest).toBeUndefined();
});

test("a lexicon compared, as a sigmoid, to a power, with a floor", async () => {
  expect(await logs(await read("afinn<=-3"), "bad", "good")).toEqual([0, -Infinity]);
  expect(await logs(await read("afinn > 2.5"), "bad", "good")).toEqual([-Infinity, 0]);
  const sigmoid = await read("afinn", { slope: -1.5, threshold: -3 });
  expect(await logs(sigmoid, "bad", "fine day")).toEqual([Math.log(0.5), expect.closeTo(-Math.log1p(Math.exp(1.5 * 5)), 12)]);
  expect(sigmoid.largest).toBe(0);
  expect(await logs(tempered(await read("afinn"), -2), "good")).toEqual([-6]);
  expect(await logs(tempered(await read("afinn<=-3"), 0), "good")).toEqual([-Infinity]);
  const soft = floored(await read("contains:x"), 1e-16);
  expect((await logs(soft, "y", "x")).map((log) => Number(log.toFixed(9)))).toEqual([-36.841361488, 0]);
});

test("sums and products are those of φ", async () => {
  const both = await read("contains:ab * afinn");
  expect(await logs(both, "ab good", "good")).toEqual([3, -Infinity]);
  const either = await read("contains:ab + contains:cd");
  expect(await logs(either, "ab", "cd", "abcd", "x")).toEqual([0, 0, expect.closeTo(Math.log(2), 12), -Infinity]);
  expect(either.largest).toBeCloseTo(Math.log(2), 12);
});

test("the automaton of pieces agrees with the text, for any pieces and texts", async () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 });
  const separated = listTokenizer(["ab", "a", "cab"]);
  await fc.assert(
    fc.asyncProperty(letters, letters, fc.array(fc.nat(2), { maxLength: 8 }), fc.boolean(), async (one, two, tokens, spaced) => {
      const own = spaced ? separated : tokenizer;
      const potential = await readPotential(`contains:${one} * avoids:${two}`, { tokenizer: own, prompt: "" });
      const { automaton } = potential;
      const state = tokens.reduce((s, v) => automaton!.following[s * own.size + v], automaton!.start);
      const [log] = await logs(potential, own.decode(tokens));
      expect(automaton!.logs[state]).toBe(log);
    }),
    { numRuns: 300 },
  );
});

test("modules: tokens and text, promises, a bound, intermediate potentials", async () => {
  const path = file(
    "score.mjs",
    "export default async ({ tokens, text }) => tokens.length + text.length;\nexport const largest = 9;\nexport const intermediate = (_, t) => t;",
  );
  const potential = await read(path);
  expect([...(await checkedLogs(potential, [{ text: "abc", tokens: Int32Array.of(1, 2) }]))]).toEqual([5]);
  expect([potential.largest, ...(await checkedLogs(potential, texts("a"), 3))]).toEqual([9, 3]);
});

describe("what is no potential is refused in words", () => {
  test.each<[string, string, RegExp]>([
    ["a misspelt name", "afin", /no potential "afin"/],
    ["an empty part", "afinn * ", /empty part/],
    ["nothing to contain", "contains:", /what should a text contain/],
    ["a broken expression", "regex:/(/", /Invalid regular expression/],
    ["no such module", "none.js", /no such file/],
    ["no such lexicon", "none.json", /no such file/],
    ["a module without a function", file("none.mjs", "export default 3;"), /no function/],
    ["a module that does not load", file("broken.mjs", "export default ("), /broken\.mjs/],
    ["a bound that is none", file("bound.mjs", "export default () => 0; export const largest = 'x';"), /"largest" is no number/],
    ["a lexicon of texts", file("l1.json", '{"good": "3"}'), /no lexicon/],
    ["an empty lexicon", file("l2.json", "{}"), /no words/],
    ["a lexicon of two words as one", file("l3.json", '{"very good": 3}'), /is no word of letters/],
    ["no JSON", file("l4.json", "{"), /no JSON/],
  ])("%s", async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test.each<[string, string, RegExp]>([
    ["NaN", "() => NaN", /is NaN for text 1 of 1, "abc"/],
    ["infinity", "() => Infinity", /is Infinity for text 1 of 1, "abc"/],
    ["text", "() => '3'", /returns string for "abc", not a number/],
    ["nothing", "() => null", /returns null for "abc"/],
    ["an error", "() => { throw new Error('oh') }", /failed for "abc": oh/],
  ])("a module that returns %s", async (name, code, message) => {
    const potential = await read(file(`${name.replace(/ /g, "-")}.mjs`, `export default ${code};`));
    await expect(checkedLogs(potential, texts("abc"))).rejects.toThrow(message);
  });

  test("a wrong number of values, and a threshold without a slope", async () => {
    await expect(checkedLogs({ name: "short", logs: () => [1] }, texts("a", "b"))).rejects.toThrow(/gives 1 numbers for 2 texts/);
    await expect(read("afinn", { threshold: 3 })).rejects.toThrow(/--threshold needs --slope/);
  });
});
