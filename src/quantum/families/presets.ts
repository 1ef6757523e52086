/** The families of the paper. Source: Carrasquilla et al., arXiv 2301.08292. */
import { type FamilySpec, familySchema } from "./schema.ts";

const logistic = (inputs: number) => ({ inputs, layers: [{ units: 1 }] });

const specs = {
  /** Two inputs, four hidden units, of one activation for all; 18 bits. */
  gaussian: {
    inputs: 2,
    layers: [{ units: 4 }, { units: 1 }],
    choices: [{ choose: "activation", of: ["relu", "sigmoid"] }],
    order: ["weights 1", "weights 2", "biases 2", "biases 1", "activation"],
    loss: "squared",
  },
  /** Logistic regression of pictures; 17, 19 and 10 bits. */
  "mnist-4x4": logistic(16),
  "mnist-4x4-alphabet": {
    ...logistic(16),
    choices: [
      {
        choose: "alphabet",
        of: [
          [0, 1],
          [-1, 1],
          [-2, 1],
          [-3, 1],
        ],
      },
    ],
  },
  "mnist-3x3": logistic(9),
};

/** Logistic regression of any table with ±1 weights. */
const linear = { layers: [{ units: 1 }] };

export const presetNames = [...Object.keys(specs), "linear"];

/** The family of a name, if there is one. */
export function preset(name: string): FamilySpec | undefined {
  const found = Object.entries({ ...specs, linear }).find(([key]) => key === name);
  return found && familySchema.parse({ name, ...found[1] });
}
