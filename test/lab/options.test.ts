import { expect, test } from "vitest";
import { z } from "zod";
import { UserError } from "../../src/errors.ts";
import { parseOptions, validate } from "../../src/lab/options.ts";
import { sampleOptions as schema } from "./sample-options.ts";

test("options say what is wrong with them", () => {
  const cases: [Record<string, unknown>, RegExp, string?][] = [
    [{ steps: "many" }, /^--steps: expected .*number.* \(got "many"\)$/],
    [{ steps: "2.5" }, /^--steps: expected int.* \(got 2.5\)$/],
    [{ steps: "0" }, /^--steps: too small.*>=1 \(got 0\)$/],
    [{ steps: "" }, /^--steps: expected .*number/],
    [{ holdOut: "x" }, /^--hold-out: /],
    [{ method: "amm" }, /^--method: expected one of "am"\|"eam" \(got "amm"\)$/],
    [{ hold: 1, holdout: 1 }, /^unknown option --hold$/],
    [{ stesp: 1 }, /^unknown option --stesp$/, "did you mean --steps?"],
  ];
  for (const [given, message, hint] of cases) {
    const attempt = () => parseOptions(schema, given);
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(message);
    if (hint) expect(attempt).toThrow(expect.objectContaining({ hint }));
  }
  expect(() => validate(z.object({ net: z.array(z.int()) }), { net: [1, "x"] })).toThrow('net.1: expected number (got "x")');
  const bond = z.object({ bond: z.string().describe("distances from:to:step") });
  expect(() => validate(bond, {}, (key) => `--${key}`)).toThrow(
    expect.objectContaining({ message: "--bond is missing: expected string", hint: "--bond is distances from:to:step" }),
  );
});
