/** All continuations, where they are few: log Z, the law of σ and exact draws of it. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { logMeanExp, normalisedWeights } from "../../sampling/index.ts";
import { checkedLogs } from "../potentials/potential.ts";
import { logSoftmaxOf } from "./choose.ts";
import { type Scorer, scored, scorer, type TextTarget } from "./target.ts";

/** Most texts that are listed, and most rows of a decoder at a time. */
export const mostTexts = 2 ** 20;
const mostRows = 2048;

/** Every continuation of positive probability. */
export interface Enumeration {
  readonly texts: readonly Int32Array[];
  /** log p0 and log σ̃ of each. */
  readonly logModel: Float64Array;
  readonly logTarget: Float64Array;
  readonly logPotential: Float64Array;
  readonly logZ: number;
}

/** Can all continuations be listed? Their number is at most V^T. */
export const isListable = ({ model, length }: Pick<TextTarget, "model" | "length">): boolean =>
  length * Math.log(model.tokenizer.size) <= Math.log(mostTexts) + 1e-9;

/** @throws UserError  where there are too many, or none of them is in the support of the potential */
export async function enumerate(target: TextTarget, watch: (done: number) => void = () => {}): Promise<Enumeration> {
  const { model, prompt, length, potential } = target;
  if (!isListable(target))
    throw new UserError(
      `${model.tokenizer.size}^${length} continuations are too many to list (at most ${mostTexts})`,
      "a shorter --length, or bounds",
    );
  const logs = scorer(target);
  const texts: Int32Array[] = [];
  const [logModel, logPassed]: [number[], number[]] = [[], []];
  const { end, size } = model.tokenizer;

  /** All continuations of some prefixes of one length, with what the decoder needs for them. */
  const walk = async (prefixes: readonly Int32Array[], before: readonly number[], passed: readonly number[]): Promise<void> => {
    const t = prefixes[0].length + 1;
    const decoding = await model.start(prompt, prefixes.length);
    try {
      for (let i = 0; i < t - 1; i++) await decoding.append(Int32Array.from(prefixes, (p) => p[i]));
      const { data } = await logSoftmaxOf(decoding.next.logits);
      const open: { text: Int32Array; log: number; row: number }[] = [];
      prefixes.forEach((prefix, row) => {
        for (let v = 0; v < size; v++) {
          const log = before[row] + Number(data[row * size + v]);
          if (log === Number.NEGATIVE_INFINITY) continue;
          const text = Int32Array.of(...prefix, v);
          if (t < length && v !== end) open.push({ text, log, row });
          else {
            texts.push(text);
            logModel.push(log);
            logPassed.push(passed[row]);
          }
        }
      });
      const added =
        potential.intermediate && open.length > 0
          ? await checkedLogs(
              potential,
              scored(
                target,
                open.map((o) => o.text),
              ),
              t,
            )
          : new Float64Array(open.length);
      for (let i = 0; i < open.length; i += mostRows) {
        const part = open.slice(i, i + mostRows);
        await walk(
          part.map((o) => o.text),
          part.map((o) => o.log),
          part.map((o, j) => passed[o.row] + added[i + j]),
        );
      }
      watch(texts.length);
    } finally {
      decoding.close();
    }
  };
  await walk([new Int32Array(0)], [0], [0]);
  const logPotential = await logsOf(texts, logs);
  const logTarget = logPotential.map((log, i) => logModel[i] + logPassed[i] + log);
  const logZ = logMeanExp(logTarget) + Math.log(logTarget.length);
  return { texts, logModel: Float64Array.from(logModel), logTarget, logPotential, logZ };
}

async function logsOf(texts: readonly Int32Array[], logs: Scorer): Promise<Float64Array> {
  const all = new Float64Array(texts.length);
  for (let i = 0; i < texts.length; i += 10_000) all.set(await logs(texts.slice(i, i + 10_000)), i);
  return all;
}

/** Independent draws of σ. @throws UserError  if Z is 0 */
export function drawExactly({ texts, logTarget, logZ }: Enumeration, n: number, rng: Random): Int32Array[] {
  if (logZ === Number.NEGATIVE_INFINITY)
    throw new UserError("no continuation is in the support of the potential: log Z is -∞", "a longer --length, or another potential");
  return Array.from(rng.categorical(normalisedWeights(logTarget), [n]).data, (i) => texts[i]);
}
