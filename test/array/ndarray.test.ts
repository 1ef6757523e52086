import { expect, test } from "vitest";
import { fromF16, toF16 } from "../../src/array/index.ts";

test("toF16 undoes fromF16, and rounds to the nearest, ties to even", () => {
  for (let bits = 0; bits < 65_536; bits++) {
    const value = fromF16(bits);
    if (!Number.isNaN(value)) expect(toF16(value)).toBe(bits);
  }
  expect(fromF16(toF16(Number.NaN))).toBeNaN();
  for (let bits = 0; bits < 0x7bff; bits += 7) {
    const [a, b] = [fromF16(bits), fromF16(bits + 1)];
    expect(toF16((a + b) / 2)).toBe(bits % 2 ? bits + 1 : bits);
    expect(toF16(a + 0.49 * (b - a))).toBe(bits);
    expect(toF16(-(a + 0.51 * (b - a)))).toBe((bits + 1) | 0x8000);
  }
  expect([65_519, 65_520, 1e30, 2 ** -26].map((v) => fromF16(toF16(v)))).toEqual([
    65_504,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    0,
  ]);
});
