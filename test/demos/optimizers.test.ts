/** The race of optimizers: equal starts and budgets, a ranking with errors. */
import { expect, test } from "vitest";
import { advanced, courseOf, entrantNames, startersOf } from "../../src/demos/optimizers/race.ts";
import { followsSeed, numberOf, panelOf, rowsOf, watch } from "./watch.ts";

test("all have the same first parameters, first batch and number of steps", async () => {
  const choice = { data: "spirals", rates: "fitted", width: 16, steps: 100, seeds: 1 } as const;
  const course = courseOf(choice, 1);
  const first = [];
  for (const racer of startersOf(course, choice, 0)) first.push((await advanced(racer, 1, course.rng)).curve[0]);
  expect(first.map(({ step }) => step)).toEqual(entrantNames.map(() => 1));
  // the loss before the first step
  expect(new Set(first.map(({ loss }) => loss)).size).toBe(1);
});

test("everybody learns the board, and the ranking follows the test accuracy with its error over seeds", async () => {
  const watched = await watch("optimizers", { data: "board", width: 16, steps: 300, seeds: 2 });
  const { frames, last, over } = watched;
  expect(over).toBe(true);
  expect(last.progress).toBe(1);
  const { rows } = panelOf(last, "table", "Ranking after 2 seeds");
  expect(rows.length).toBe(entrantNames.length);
  const accuracies = rows.map(([optimizer]) => numberOf(last, `test accuracy, ${optimizer}`));
  expect(accuracies.map((a) => a.value)).toEqual(accuracies.map((a) => a.value).toSorted((a, b) => b - a));
  // half of the points are of each class: by chance 0.5, with a standard error of 0.02 over twice 240 examples
  for (const { value, error } of accuracies) {
    expect(value).toBeGreaterThan(0.6);
    expect(error).toBeGreaterThan(0);
  }
  // after one seed it is said that there is one only
  const afterOne = frames.find((f) => f.panels.some((p) => p.title === "Ranking after 1 seed"))!;
  expect(afterOne.cautions.join()).toMatch(/one seed/);
  expect(last.cautions).toEqual([]);
  const losses = await rowsOf(watched, "losses.csv");
  expect(losses.length).toBe(2 * entrantNames.length * 12);
  expect(new Set(losses.filter(([seed]) => seed === "1").map(([, , , step]) => step)).size).toBe(12);
  const examples = await rowsOf(watched, "examples.csv");
  // the colour of a square is the class
  for (const [x, y, side] of examples)
    expect((Math.floor(2 * (Number(x) + 1)) + Math.floor(2 * (Number(y) + 1))) % 2 === 0 ? "a" : "b").toBe(side);
});

test("frames follow from the seed; usual rates are cautioned against, and an optimizer that they ruin is named", async () => {
  const settings = { width: 8, steps: 100, seeds: 1, rates: "usual" };
  const watched = await watch("optimizers", settings);
  expect(await followsSeed("optimizers", settings, watched)).toEqual({ same: true, other: true });
  const said = watched.last.cautions.join();
  expect(said).toMatch(/nobody fitted the learning rates/);
  const lost = (await rowsOf(watched, "losses.csv")).filter(([, , , step, , loss]) => step === "100" && Number(loss) > Math.log(2));
  expect(lost.length > 0).toBe(/no better than by chance/.test(said));
});
