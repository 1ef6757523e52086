import { describe, expect, test } from "vitest";
import { type ProgressMode, progress, sparkline } from "../../src/lab/progress.ts";
import { duration, formatNumber, withError } from "../../src/numbers.ts";

/** A job of ten steps of one second each. */
function record(mode: ProgressMode, seconds = 1, columns?: number) {
  const messages: string[] = [];
  const lines: string[] = [];
  let now = 100;
  const p = progress({
    label: "train",
    total: 10,
    mode,
    messages: (t) => messages.push(t),
    lines: (t) => lines.push(t),
    clock: () => now,
    columns,
  });
  for (let step = 1; step <= 10; step++) {
    now += seconds;
    p.update(step, { loss: 1 / step });
    if (step === 5) p.note("halfway");
  }
  p.finish();
  return { messages, lines };
}

describe("progress", () => {
  test("rewrites one line in a terminal, with rate, time left and numbers", () => {
    const { messages, lines } = record("live");
    expect(lines).toEqual([]);
    expect(messages[1]).toBe("\r\x1b[K████░░░░░░░░░░░░░░░░ train 2/10  1/s  8.0 s left  loss 0.5");
    expect(messages).toContain("\r\x1b[Khalfway\n");
    expect(messages.at(-1)).toBe("\n");
    expect(messages.join("").split("\n").length - 1).toBe(2);
  });

  test("shows the course of the first number, and never wraps", () => {
    const last = record("live").messages.at(-2)!;
    expect(last).toBe(`\r\x1b[K${"█".repeat(20)} train 10/10  1/s  10 s  loss 0.1  █▄▃▂▂▂▁▁▁▁`); // 1/k over the range 0.1 to 1, in eight levels
    for (const message of record("live", 1, 40).messages) expect([...message.replace(/^\r..../, "")].length).toBeLessThan(40);
  });

  test("sparklines keep the ends of the range, means of equal stretches, and stand flat for a constant", () => {
    expect(sparkline([0, 7, 1, 6], 10)).toBe("▁█▂▇");
    expect(sparkline([0, 0, 7, 7, 14, 14], 3)).toBe("▁▅█");
    expect(sparkline([2, 2, Number.NaN], 5)).toBe("▁▁");
    expect(sparkline([], 5)).toBe("");
  });

  test("writes a plain line every ten seconds and one at the end in a pipe", () => {
    expect(record("plain").messages).toEqual(["train 1/10  1/s  9.0 s left  loss 1\n", "halfway\n", "train 10/10  1/s  10 s  loss 0.1\n"]);
    expect(record("plain", 20).messages.length).toBe(12);
  });

  test("tells no rate, and no time left, of the first moments", () => {
    expect(record("plain", 1e-4).messages).toEqual(["train 1/10  loss 1\n", "halfway\n", "train 10/10  loss 0.1\n"]);
  });

  test("writes JSON lines to standard output, nothing else", () => {
    const { messages, lines } = record("json");
    expect(messages).toEqual([]);
    const events = lines.map((l) => JSON.parse(l));
    expect(events[0]).toEqual({ event: "progress", job: "train", step: 1, total: 10, loss: 1 });
    expect(events).toContainEqual({ event: "note", message: "halfway" });
    expect(events.at(-1)).toMatchObject({ step: 10 });
  });

  test("is silent when asked to be", () => {
    expect(record("quiet")).toEqual({ messages: [], lines: [] });
  });

  test("does not write more often than ten times a second", () => {
    expect(record("live", 0.01).messages.length).toBeLessThan(6);
  });
});

describe("numbers", () => {
  test("keep four digits, and an exponent only where it helps", () => {
    expect([0, 3, 1234567, 0.123456, -2.2323009, 1e-5, 123456789.5, Number.NaN].map(formatNumber)).toEqual([
      "0",
      "3",
      "1234567",
      "0.1235",
      "-2.232",
      "1.000e-5",
      "1.235e+8",
      "NaN",
    ]);
  });

  test("show two digits of their uncertainty", () => {
    expect(withError(0.8234, 0.0123)).toBe("0.823 ± 0.012");
    expect(withError(-2.2351, 0.00712)).toBe("-2.2351 ± 0.0071");
    expect(withError(5, 0.0999)).toBe("5.00 ± 0.10");
    expect(withError(1234.5, 12)).toBe("1235 ± 12");
    expect(withError(0.5, 0)).toBe("0.5");
    expect(withError(0.5, Number.NaN)).toBe("0.5");
  });

  test("durations are read at a glance", () => {
    expect([0.44, 9.96, 59.6, 185, 3600, 7800].map(duration)).toEqual([
      "0.4 s",
      "10 s",
      "1 min 00 s",
      "3 min 05 s",
      "1 h 00 min",
      "2 h 10 min",
    ]);
  });
});
