import { expect, test } from "vitest";
import { evaluationsOf, imageSolver } from "../../../src/transport/images/solvers.ts";

test.each([
  ["euler-7", 7],
  ["midpoint-10", 20],
  ["heun-25", 50],
  ["rk4-3", 12],
  ["dopri5", undefined],
])("%s takes %s evaluations", (name, count) => {
  expect(evaluationsOf(imageSolver(name))).toBe(count);
});

test.each([
  "",
  "heun",
  "heun-",
  "heun-0",
  "heun--3",
  "heun-2.5",
  "heun-1e9",
  "rk5-10",
  "dopri5-10",
  "HEUN-25",
  "toString-3",
  "constructor-3",
])('"%s" is no solver, and those there are are named', (name) => {
  expect(() => imageSolver(name)).toThrow(`no solver "${name}"`);
  expect(() => imageSolver(name)).toThrow(expect.objectContaining({ hint: expect.stringMatching(/dopri5.*rk4/) }));
});
