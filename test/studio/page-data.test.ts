/** What the page thinks before it shows anything: addresses, filters, forms, curves, lines of descent. */
import { expect, test } from "vitest";
import { cloudsFromText, cloudsToText, rounded, settingsFromQuery, settingsToQuery } from "../../studio/demos/address.ts";
import { blamed, changed, fieldsOf, fromQuery, orderOf, toQuery } from "../../studio/new/form.ts";
import { founders } from "../../studio/panels/genealogy.ts";
import { href, parseRoute } from "../../studio/route.ts";
import { coursesOf, grown } from "../../studio/run/course.ts";
import { typedSetting } from "../../studio/run/fork.ts";
import { inSight, parseFilter } from "../../studio/runs/filter.ts";
import { counted, ranked, shareOf } from "../../studio/runs/sweep.ts";
import fc from "../property.ts";
import { commands, sweeps } from "./page/content.ts";
import { demos } from "./page/demos.ts";

const word = fc.string({ unit: "grapheme", minLength: 1 });

test("an address says where one is, whatever the names", () =>
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.dictionary(word, word), (path, query) => {
      const route = parseRoute(href(path, query));
      expect([route.path, Object.entries(route.query)]).toEqual([path, Object.entries(query)]);
    }),
  ));

test("a heading of the docs follows a second #, and what cannot be decoded stays", () => {
  expect(parseRoute("#/docs/measurements/runs#what-%C3%A4")).toEqual({
    path: ["docs", "measurements", "runs"],
    query: {},
    anchor: "what-ä",
  });
  expect(parseRoute("#/runs/%E0%A4%A").path).toEqual(["runs", "%E0%A4%A"]);
});

const coordinate = fc.double({ min: -1, max: 1, noNaN: true }).map(rounded);
const cloud = fc.array(fc.tuple(coordinate, coordinate), { minLength: 1 });

test("clouds come back from the address as they were drawn", () =>
  fc.assert(
    fc.property(fc.array(cloud, { minLength: 1, maxLength: 3 }), (clouds) => {
      expect(cloudsFromText(cloudsToText(clouds))).toEqual(clouds);
    }),
  ));

test("settings that an address cannot mean are those of the demo", async () => {
  const { controls } = await demos.darts.load();
  const { settings, seed } = settingsFromQuery(controls, { rounds: "1e9", law: "none", name: "x", clouds: "", seed: "-3" });
  expect([settings.rounds, settings.law, settings.name, seed]).toEqual([100_000, "uniform", "x", 0]);
  expect(settingsToQuery(controls, settingsFromQuery(controls, {}).settings, 0)).toEqual({});
});

test("a filter is conditions and words", () => {
  expect(parseFilter(" gap  loss < 0.1,width=32 minder")).toEqual({ where: "loss<0.1,width=32", text: "gap minder" });
  expect(parseFilter("status!=done")).toEqual({ where: "status!=done", text: "" });
});

test("rows in sight are within the list, and cover the window", () =>
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(3000), fc.nat(2000), (top, height, total) => {
      const { first, end } = inSight(top, height, 44, total);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(total);
      expect(44 * first).toBeLessThanOrEqual(top);
      if (44 * total > top + height) expect(44 * end).toBeGreaterThanOrEqual(top + height);
    }),
  ));

test("a form sends what was changed, and keeps it in the address", () => {
  const [command] = commands;
  const { essential, rest } = fieldsOf(command);
  expect(essential.map(({ key }) => key)).toEqual(["time", "steps", "data", "seed", "quick"]);
  expect(rest.map(({ key }) => key)).toEqual(["coupling", "learningRate", "costs"]);
  const { values, words } = fromQuery(command, { quick: "true", steps: "2000", argument0: "a b.csv" });
  const order = orderOf(command, values, words);
  expect(order).toEqual({ command: "trajectories", arguments: ["a b.csv"], options: { quick: true } });
  expect(toQuery(order, words)).toEqual({ quick: "true", argument0: "a b.csv" });
  expect(changed(command.options, { learningRate: "", seed: "0", time: "day" })).toEqual({ time: "day" });
  expect(blamed(command.options, "--learning-rate: expected number")).toBe("learningRate");
  expect(blamed(command.options, "--steps-more: is none")).toBeUndefined();
});

test("a fork keeps the types of settings", () => {
  expect([typedSetting(3, "4"), typedSetting(true, "false"), typedSetting("a", "4"), typedSetting(3, "many")]).toEqual([
    4,
    false,
    "4",
    "many",
  ]);
});

test("the best job of a sweep comes first, those without a number last", () => {
  expect(ranked(sweeps[0]).map(({ name }) => name)).toEqual(["width-64", "width-32", "width-128", "width-256"]);
  expect(ranked({ ...sweeps[0], minimize: false })[0].name).toBe("width-32");
  expect(counted(sweeps[0])).toBe("2 done, 1 running, 1 waiting");
  expect(shareOf(sweeps[0])).toBeCloseTo((1 + 1 + 700 / 2000) / 4, 12);
});

test("rows that come twice stand once in a curve", () => {
  const before = coursesOf([{ name: "loss", rows: 2, step: [1, 2], last: [5, 4], low: [5, 4], high: [5, 4] }]);
  const after = grown(before, [
    { step: 2, loss: 9 },
    { step: 3, loss: null, score: 1 },
  ]);
  expect(after.get("loss")?.map(({ step, value }) => [step, value])).toEqual([
    [1, 5],
    [2, 4],
    [3, null],
  ]);
  expect(after.get("score")).toEqual([{ step: 3, value: 1, low: 1, high: 1 }]);
});

test("founders are the first particles that have descendants at the end", () => {
  // 0 and 2 of three live on to the middle; only children of 0 to the end
  expect(
    founders({
      kind: "genealogy",
      title: "",
      parents: [
        [0, 0, 2],
        [0, 1, 1],
      ],
    }),
  ).toBe(1);
  expect(founders({ kind: "genealogy", title: "", parents: [[0, 1, 2]] })).toBe(3);
});
