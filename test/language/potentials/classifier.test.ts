/** Classifiers as potentials. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ndarray } from "../../../src/array/index.ts";
import { classifierPotential } from "../../../src/language/potentials/classifier.ts";
import { checkedLogs } from "../../../src/language/potentials/potential.ts";
import { toOnnx } from "../../../src/onnx/index.ts";
import { equal, sigmoid, stack, type Tensor } from "../../../src/tensor/index.ts";

const folder = mkdtempSync(join(tmpdir(), "classifier-"));
/** p(high) = sigmoid(number of "a" - 2). */
const program = (x: Tensor): Tensor => {
  const high = sigmoid(equal(x, 0).cast("f32").sum(1).sub(2));
  return stack([high.neg().add(1), high], 1);
};
const tokenizer = JSON.stringify({ kind: "characters", vocabulary: ["a", "b", "?"] });
function written(name: string, metadata: Record<string, string>): string {
  const path = join(folder, name);
  writeFileSync(path, toOnnx(program, [ndarray(new Int32Array(8), [1, 8], "i32")], { anyRows: true, metadata }));
  return path;
}
const whole = { tokenizer, classes: '["low","high"]', tokens: "8", pad: "3" };
const path = written("whole.onnx", whole);

test("log φ is log p of the class, for many texts and few, the last tokens of long ones", async () => {
  const potential = await classifierPotential(path, "high");
  expect(potential.largest).toBe(0);
  const texts = Array.from({ length: 300 }, (_, i) => ({ text: "b".repeat(i % 3) + "a".repeat(i % 5), tokens: new Int32Array(0) }));
  const logs = await checkedLogs(potential, [...texts, { text: `${"a".repeat(20)}${"b".repeat(8)}`, tokens: new Int32Array(0) }]);
  texts.forEach((_, i) => {
    expect(logs[i]).toBeCloseTo(-Math.log1p(Math.exp(2 - (i % 5))), 5);
  });
  expect(logs[300]).toBeCloseTo(-Math.log1p(Math.exp(2)), 5);
  const [low] = await checkedLogs(await classifierPotential(path, "low"), [{ text: "aaaa", tokens: new Int32Array(0) }]);
  expect(low).toBeCloseTo(-Math.log1p(Math.exp(2)), 5);
});

test("what is no classifier of texts, and a class that it does not have, are refused", async () => {
  await expect(classifierPotential(path, undefined)).rejects.toThrow(/which class is wanted\?/);
  await expect(classifierPotential(path, "hihg")).rejects.toThrow(/no class "hihg"/);
  await expect(classifierPotential(join(folder, "none.onnx"), "high")).rejects.toThrow(/no such file/);
  await expect(classifierPotential(written("plain.onnx", {}), "high")).rejects.toThrow(/needs a classifier of texts/);
  await expect(classifierPotential(written("bad.onnx", { ...whole, classes: "low" }), "high")).rejects.toThrow(/no JSON/);
  await expect(classifierPotential(written("long.onnx", { ...whole, tokens: "many" }), "high")).rejects.toThrow(
    /length of texts is no number/,
  );
  await expect(classifierPotential(written("odd.onnx", { ...whole, tokenizer: "{}" }), "high")).rejects.toThrow(/tokenizer/);
});
