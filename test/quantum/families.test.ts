/** Families of networks: exact enumeration against networks run one by one, and the instances of the specification. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { gradientOf } from "../../src/quantum/families/backward.ts";
import { enumerateNetworks } from "../../src/quantum/families/enumerate.ts";
import { type Family, family } from "../../src/quantum/families/family.ts";
import { decode, logits } from "../../src/quantum/families/network.ts";
import { accuracyOf, gaussianLattice, lossOf, mergeRows, points } from "../../src/quantum/families/points.ts";
import { preset, presetNames } from "../../src/quantum/families/presets.ts";
import { familySchema } from "../../src/quantum/families/schema.ts";
import { localMinima, optimumOf } from "../../src/quantum/landscape/optima.ts";
import { bitsOf, bitText } from "../../src/quantum/landscape/table.ts";
import { tiny } from "./tiny.ts";

const random = (count: number, inputs: number, scale = 1) => {
  const rng = randomStream(`points ${count} ${inputs}`);
  const x = rng.normal([count, inputs], "f64").data.map((v) => scale * Math.round(2 * v));
  return points(x, rng.bernoulli(0.4, [count]).data);
};

const specs = {
  linear: { layers: [{ units: 1 }] },
  "linear without bias": { layers: [{ units: 1, biases: null }] },
  choices: {
    layers: [{ units: 1 }],
    choices: [
      {
        choose: "alphabet",
        of: [
          [0, 1],
          [-1, 1],
          [-3, 1],
        ],
      },
      { choose: "temper", of: [0.5, 2] },
      { choose: "features" },
    ],
  },
  hidden: {
    layers: [{ units: 2, activation: "tanh" }, { units: 1 }],
    choices: [
      { choose: "units", layer: 1 },
      { choose: "activation", of: ["relu", "sigmoid", "sign"] },
    ],
    unitPenalty: 0.01,
    loss: "squared",
  },
  deep: {
    layers: [
      { units: 3, biases: null, activation: "sign" },
      { units: 2, biases: null, activation: "tanh" },
      { units: 1, biases: null },
    ],
  },
  residual: { layers: [{ units: 3, biases: null }, { units: 1 }], choices: [{ choose: "residual", layer: 1 }] },
};

const agree = (made: Family, data: ReturnType<typeof random>) => {
  const { costs } = enumerateNetworks(made, data);
  const step = Math.max(1, Math.floor(costs.length / 200));
  for (let k = 0; k < costs.length; k += step) expect(costs[k]).toBeCloseTo(lossOf(made, decode(made, bitsOf(k, made.bits)), data), 13);
};

for (const [name, spec] of Object.entries(specs))
  test(`all losses at once are those of networks one by one: ${name}`, () => agree(family(familySchema.parse(spec), 3), random(37, 3)));

test("logits whose exponentials overflow are run one by one, and hold", () => {
  const made = family(familySchema.parse(specs.linear), 3);
  agree(made, random(9, 3, 400));
  expect(Math.max(...enumerateNetworks(made, random(9, 3, 400)).costs)).toBeGreaterThan(100);
});

test("the Gaussian lattice: 0.004037130781 by exactly 24 networks, 307 local minima", () => {
  const made = family(preset("gaussian")!, 2);
  const { costs } = enumerateNetworks(made, gaussianLattice());
  const { minimum, set } = optimumOf(costs);
  expect(minimum).toBeCloseTo(0.004037130781, 11);
  expect(set).toHaveLength(24);
  expect(set.map((k) => bitText(k, 18))).toContain("001101010111111010");
  const minima = localMinima(costs);
  expect(minima).toHaveLength(307);
  const values = [...new Set(minima.map((k) => costs[k].toFixed(8)))];
  expect(values.slice(0, 3)).toEqual(["0.00403713", "0.00518433", "0.00529729"]);
  const best = decode(made, bitsOf(set[0], 18));
  expect(best.layers[0].activation).toBe("relu");
  expect(accuracyOf(best, gaussianLattice())).toBeCloseTo(1, 12);
});

test("a logit of exactly 0 is decided for class 0, as programs that take the greater of two probabilities do", () => {
  const made = family(preset("mnist-4x4-alphabet")!, 16);
  const network = decode(made, bitsOf(0, made.bits)); // no weight, no bias, rectified
  const dark = points(new Float64Array(3 * 16), [0, 0, 1]);
  expect([...logits(network, dark.x)]).toEqual([0, 0, 0]);
  expect(accuracyOf(network, dark)).toBeCloseTo(2 / 3, 12);
});

test("the tiny networks: two tied optima with a bias, one without", () => {
  const withBias = optimumOf(enumerateNetworks(tiny.withBias, tiny.data).costs);
  expect(withBias.minimum).toBeCloseTo(0.4100375958, 10);
  expect(withBias.set.map((k) => bitText(k, 3))).toEqual(["100", "101"]);
  const without = optimumOf(enumerateNetworks(tiny.withoutBias, tiny.data).costs);
  expect(without.minimum).toBeCloseTo(0.3132616875, 10);
  expect(without.set.map((k) => bitText(k, 2))).toEqual(["10"]);
});

test("the presets have the bits of the paper", () => {
  const bits = presetNames.map((name) => family(preset(name)!, preset(name)!.inputs ?? 5).bits);
  expect(bits).toEqual([18, 17, 19, 10, 6]);
  const alphabet = family(preset("mnist-4x4-alphabet")!, 16);
  const network = decode(alphabet, bitsOf(0b1010_0000_0000_0000_0_10, 19));
  expect(network.layers[0].weights.slice(0, 4)).toEqual([1, -2, 1, -2]);
  expect(network.layers[0].biases).toEqual([-2]);
});

test("equal rows are one, and losses do not notice", () => {
  const data = points(Float64Array.of(1, 0, 1, 0, 0, 1, 1, 0), [1, 1, 0, 0]);
  const merged = mergeRows(data);
  expect([merged.count, ...merged.weights]).toEqual([3, 0.5, 0.25, 0.25]);
  const made = family(familySchema.parse(specs.linear), 2);
  for (let k = 0; k < 8; k++) {
    const network = decode(made, bitsOf(k, 3));
    expect(lossOf(made, network, merged)).toBeCloseTo(lossOf(made, network, data), 14);
  }
});

test("the gradient by weights and biases is that of central differences", () => {
  for (const spec of [specs.hidden, specs.residual, specs.choices].map((s) => familySchema.parse(s))) {
    const made = family({ ...spec, unitPenalty: 0 }, 3);
    const data = points(randomStream(5).normal([23, 3], "f64").data, random(23, 3).y);
    // smooth ones only: the choice of activation stays at its first code, sigmoid at the second
    const s = bitsOf(2 ** made.bits - 2 ** 3 + 1, made.bits);
    const network = decode(made, s);
    gradientOf(made, network, data).forEach(({ weights, biases }, l) => {
      for (const [part, gradient] of [["weights", weights] as const, ["biases", biases] as const])
        gradient.forEach((g, i) => {
          const moved = (h: number) => {
            const layers = network.layers.map((layer, at) =>
              at === l ? { ...layer, [part]: layer[part].map((v, j) => (j === i ? v + h : v)) } : layer,
            );
            return lossOf(made, { ...network, layers }, data);
          };
          expect(g).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 7);
        });
    });
  }
});

test("families that contradict themselves or the data say so", () => {
  const refused = (spec: object, inputs: number, message: RegExp) =>
    expect(() => family(familySchema.parse(spec), inputs)).toThrow(message);
  refused({ inputs: 16, layers: [{ units: 1 }] }, 3, /made for 16 inputs, the data have 3 features/);
  refused({ layers: [{ units: 2 }] }, 3, /one unit, the logit of class 1/);
  refused({ ...specs.hidden, order: ["weights 1"] }, 3, /every group has to stand in it once/);
  refused({ ...specs.linear, order: ["weight 1", "biases 1"] }, 3, /there is no group "weight 1"/);
  refused({ layers: [{ units: 2 }, { units: 1 }], choices: [{ choose: "residual", layer: 1 }] }, 3, /layer 1 has 2 and 3/);
  refused({ ...specs.linear, choices: [{ choose: "activation", of: ["relu", "tanh"] }] }, 3, /needs a hidden layer/);
  refused({ ...specs.linear, choices: [{ choose: "features", of: [[1], [9]] }] }, 3, /feature 9 of 3/);
  expect(family(familySchema.parse(specs.choices), 3).warnings).toEqual([expect.stringMatching(/3 options, no power of two/)]);
  expect(() => enumerateNetworks(family(familySchema.parse(specs.linear), 24), random(3, 24))).toThrow(/25 bits/);
  expect(() => points(Float64Array.of(1, 2), [0, 2])).toThrow(/row 2: the label is 2/);
  expect(() => points(Float64Array.of(1, Number.NaN), [0, 1])).toThrow(/row 2, feature 1: NaN/);
});
