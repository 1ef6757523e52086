/** What an audit leaves besides its page: evidence that can be filed. */
import type { Artifact } from "../../lab/artifact.ts";
import type { AuditFound } from "./findings.ts";
import type { Problem } from "./problem.ts";

/** Numbers by class and attack, and everything in one versioned JSON; of samples only their pictures are kept in the page. */
export function auditFiles({ judged, controls, results, groundwork }: AuditFound, { material, samples, training }: Problem): Artifact[] {
  const attacked = [...judged.flatMap(({ model, records }) => records.map((record) => ({ model, record }))), ...controls];
  const rows = attacked.flatMap(({ model, record }) => record.classes.map((c) => ({ model, record, c })));
  const text = (f: (row: (typeof rows)[number]) => string) => rows.map(f);
  const numbers = (f: (row: (typeof rows)[number]) => number | null | undefined) => Float64Array.from(rows, (row) => f(row) ?? Number.NaN);
  const bare = attacked.map(({ model, record: { shown: _, ...record } }) => ({ model, ...record }));
  const evidence = { ...results, groundwork, records: bare, samples, training, prior: material.prior.name, classes: material.classes };
  return [
    { name: "audit.json", content: `${JSON.stringify(evidence, null, 1)}\n` },
    {
      name: "attacks.csv",
      columns: [
        { name: "model", values: text((r) => (r.model === "none" ? "target" : r.model)) },
        { name: "attack", values: text((r) => r.record.attack) },
        { name: "class", values: text((r) => material.classes[r.c.class]) },
        { name: "target", values: numbers((r) => r.c.target.value) },
        { name: "evaluator", values: numbers((r) => r.c.evaluator.value) },
        { name: "evaluator_low", values: numbers((r) => r.c.evaluator.low) },
        { name: "evaluator_high", values: numbers((r) => r.c.evaluator.high) },
        { name: "nearest_items", values: numbers((r) => r.c.neighbours.value) },
        { name: "precision", values: numbers((r) => r.c.precision) },
        { name: "recall", values: numbers((r) => r.c.recall) },
        { name: "density", values: numbers((r) => r.c.density) },
        { name: "coverage", values: numbers((r) => r.c.coverage) },
        { name: "pairs", values: numbers((r) => r.c.pairs) },
        { name: "nearest_squared", values: numbers((r) => r.c.closeness?.nearest) },
        { name: "mean_squared", values: numbers((r) => r.c.closeness?.mean) },
        { name: "kl", values: numbers((r) => r.c.posterior?.kl) },
        { name: "gap", values: numbers((r) => r.c.posterior?.gap) },
        { name: "nearer_to_training", values: numbers((r) => ("none" in r.c.memory ? undefined : r.c.memory.share.value)) },
      ],
    },
  ];
}
