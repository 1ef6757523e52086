/**
 * A family of binary networks as people write it (YAML or JSON):
 *
 *   layers:
 *     - { units: 4, weights: [-1, 1], biases: [-1, 1], activation: relu }
 *     - { units: 1 }
 *   choices:
 *     - { choose: activation, of: [relu, sigmoid] }
 *   loss: squared
 *
 * Every weight and bias is a bit; a choice of m things is ⌈log₂ m⌉ bits. The last layer has one unit, whose output is the logit of class 1.
 */
import { z } from "zod";

const alphabet = z.tuple([z.number(), z.number()]);

/** Functions of hidden units. */
export const activations = ["relu", "sigmoid", "tanh", "sign", "identity"] as const;

const activation = z.enum(activations);
const layerNumber = z.int().min(1);

const choice = z.discriminatedUnion("choose", [
  z.strictObject({ choose: z.literal("activation"), of: z.array(activation).min(2).max(64), layer: layerNumber.optional() }),
  z.strictObject({ choose: z.literal("alphabet"), of: z.array(alphabet).min(2).max(64) }),
  z.strictObject({ choose: z.literal("features"), of: z.array(z.array(layerNumber)).min(2).max(64).optional() }),
  z.strictObject({ choose: z.literal("units"), layer: layerNumber.default(1) }),
  z.strictObject({ choose: z.literal("residual"), layer: layerNumber }),
  z.strictObject({ choose: z.literal("temper"), of: z.array(z.number().positive()).min(2).max(64) }),
]);

export const familySchema = z.strictObject({
  name: z.string().optional(),
  inputs: z.int().min(1).max(24).optional(),
  layers: z
    .array(
      z.strictObject({
        units: z.int().min(1).max(24),
        weights: alphabet.default([-1, 1]),
        biases: alphabet.nullable().default([-1, 1]),
        activation: activation.default("relu"),
      }),
    )
    .min(1)
    .max(6),
  choices: z.array(choice).max(12).default([]),
  /** Groups of bits from the most significant on, such as "weights 1", "biases 1", "activation". */
  order: z.array(z.string()).optional(),
  loss: z.enum(["cross-entropy", "squared"]).default("cross-entropy"),
  /** Added to the loss for each hidden unit that a choice of units leaves on. */
  unitPenalty: z.number().min(0).default(0),
});

export type FamilySpec = z.infer<typeof familySchema>;
export type Choice = FamilySpec["choices"][number];
export type Alphabet = z.infer<typeof alphabet>;
export type Activation = (typeof activations)[number];
