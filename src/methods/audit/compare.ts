/** `pushforward audit compare`: two or more finished audits side by side. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { job } from "../../lab/command.ts";
import { talkOptions } from "../../lab/options.ts";

const share = z.object({ p: z.number(), lo: z.number(), hi: z.number() });
const evidence = z.object({
  schema: z.literal("pushforward-audit/1"),
  grade: z.string(),
  utility: z.number(),
  perClass: z.array(z.object({ class: z.string(), grade: z.string(), attack: share, control: share })),
});
type Evidence = z.infer<typeof evidence> & { readonly run: string };

export const compare = job({
  name: "audit compare",
  summary: "finished audits side by side: grades, leakage and utility",
  arguments: [{ name: "<runs...>", description: "folders of finished audits, the first of which is compared with" }],
  examples: ["pushforward audit compare runs/audit-plain runs/audit-defended"],
  options: z.object(talkOptions),
  async run(runs) {
    if (runs.length < 2)
      throw new UserError("audit compare takes two audits or more", "pushforward audit compare runs/audit-a runs/audit-b");
    const found = await Promise.all(runs.map(readEvidence));
    const [first] = found;
    for (const other of found.slice(1)) requireSameClasses(first, other);
    const risk = ({ perClass }: Evidence): number => perClass.reduce((sum, c) => sum + (c.attack.p - c.control.p) / perClass.length, 0);
    const audits = found.map((e) => ({ run: e.run, grade: e.grade, utility: e.utility, risk: risk(e) }));
    const perClass = first.perClass.map((c, k) => ({
      class: c.class,
      audits: found.map((e) => ({
        run: e.run,
        grade: e.perClass[k].grade,
        attack: e.perClass[k].attack,
        apart: isApart(c.attack, e.perClass[k].attack),
      })),
    }));
    return { results: { audits, perClass }, text: lines(audits, perClass) };
  },
});

async function readEvidence(run: string): Promise<Evidence> {
  const path = join(run, "artifacts", "audit.json");
  if (!existsSync(path)) throw new UserError(`${run} holds no finished audit`, "give the folder of a run of `pushforward audit`");
  try {
    return { ...evidence.parse(JSON.parse(await readFile(path, "utf8"))), run };
  } catch {
    throw new UserError(`${path} is damaged, or was written by another version`, "run the audit again");
  }
}

function requireSameClasses(a: Evidence, b: Evidence): void {
  const names = ({ perClass }: Evidence): string => perClass.map((c) => c.class).join(", ");
  if (names(a) !== names(b))
    throw new UserError(`${a.run} has the classes ${names(a)}, and ${b.run} ${names(b)}`, "compare audits of the same data");
}

/** Whether intervals do not meet. */
const isApart = (a: z.infer<typeof share>, b: z.infer<typeof share>): boolean => a.hi < b.lo || b.hi < a.lo;

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

function lines(
  audits: readonly { run: string; grade: string; utility: number; risk: number }[],
  perClass: readonly { class: string; audits: readonly { attack: { p: number }; grade: string; apart: boolean }[] }[],
): string[] {
  return [
    ...audits.map((a) => `${a.run}: grade ${a.grade}, utility ${percent(a.utility)}, attack minus control ${percent(a.risk)}`),
    ...perClass.map(
      (c) =>
        `  class ${c.class}: ${c.audits.map((a) => `${percent(a.attack.p)} (${a.grade}${a.apart ? ", apart from the first" : ""})`).join("  |  ")}`,
    ),
  ];
}
