/** Pictures of an audit. */

import { accuracyAndDiversity, barsOfAttacks, bitsOfClasses, defendedAndNot, heatOfClasses } from "../../inversion/figures/audit.ts";
import { samplesSheet } from "../../inversion/figures/samples.ts";
import type { Figure } from "../../plots/index.ts";
import type { AuditFound } from "./findings.ts";
import type { Problem } from "./problem.ts";

export async function auditFigures({ judged, decides, classes }: AuditFound, { material, blurred }: Problem): Promise<Figure[]> {
  const [target] = judged;
  const { records, verdict } = target;
  const pictures = material.input.length === 3 ? [await samplesSheet(verdict.strongest, material, blurred)] : [];
  return [
    heatOfClasses(records, classes, decides),
    ...pictures,
    accuracyAndDiversity(records, decides),
    barsOfAttacks(records),
    ...bitsOfClasses(records, classes),
    ...(judged.length > 1
      ? [defendedAndNot(judged.map(({ model, accuracy, verdict }) => ({ model, accuracy, risk: verdict.classes })))]
      : []),
  ];
}
