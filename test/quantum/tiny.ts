/** Two points that three bits tell apart: networks whose optima are known by hand. */
import { family } from "../../src/quantum/families/family.ts";
import { points } from "../../src/quantum/families/points.ts";
import { familySchema } from "../../src/quantum/families/schema.ts";

export const tiny = {
  data: points(Float64Array.of(1, 0, 0, 1), [1, 0]),
  withBias: family(familySchema.parse({ layers: [{ units: 1 }] }), 2),
  withoutBias: family(familySchema.parse({ layers: [{ units: 1, biases: null }] }), 2),
};
