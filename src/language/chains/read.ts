/** Chains from files: a table of probabilities, or counts of a text. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { type Chain, chainModel, listTokenizer } from "./chain.ts";

const probabilities = z.array(z.number().min(0).max(1));
const schema = z.object({
  tokens: z.array(z.string().min(1)).min(2),
  start: probabilities,
  transition: z.array(probabilities),
  eos: z.number().int().min(0).optional(),
});

/** Sums of probabilities that are written with few digits are not exactly 1; they are made so. */
const tolerance = 1e-6;

/**
 * A Markov chain `{"tokens": […], "start": […], "transition": [[…]], "eos"?: index}`: row i of the transition is the law of what follows
 * token i.
 * @throws UserError  saying which part is wrong
 */
export function readChain(text: string, path: string): Chain {
  const { tokens, start, transition, eos } = parsed(text, path);
  const size = tokens.length;
  const twice = tokens.find((token, i) => tokens.indexOf(token) !== i);
  if (twice !== undefined) throw new UserError(`${path}: token "${twice}" is there twice`);
  if (eos !== undefined && eos >= size) throw new UserError(`${path}: "eos" is ${eos}, and there are ${size} tokens (0 to ${size - 1})`);
  if (transition.length !== size) throw new UserError(`${path}: "transition" has ${transition.length} rows for ${size} tokens`);
  const rows = [start, ...transition].map((row, i) => {
    const where = i === 0 ? '"start"' : `row ${i} of "transition" (after "${tokens[i - 1]}")`;
    if (row.length !== size) throw new UserError(`${path}: ${where} has ${row.length} numbers for ${size} tokens`);
    const sum = row.reduce((a, b) => a + b, 0);
    const isEnd = i - 1 === eos && sum === 0; // what follows the end does not matter
    if (!isEnd && Math.abs(sum - 1) > tolerance) throw new UserError(`${path}: ${where} adds up to ${Number(sum.toPrecision(8))}, not 1`);
    return row.map((p) => Math.log(isEnd ? 1 / size : p / sum));
  });
  return chainModel(`Markov chain ${path.replace(/^.*[\\/]/, "")}, ${size} tokens`, listTokenizer(tokens, eos), {
    states: size + 1,
    logProbability: Float64Array.from(rows.flat()),
    following: Int32Array.from({ length: (size + 1) * size }, (_, e) => 1 + (e % size)),
  });
}

function parsed(text: string, path: string): z.infer<typeof schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: this is no JSON: ${(error as Error).message.slice(0, 120)}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UserError(
    `${path}: ${issue.path.length > 0 ? `"${issue.path.join(".")}": ` : ""}${issue.message}`,
    'a chain is {"tokens":["a","b"],"start":[0.5,0.5],"transition":[[0.9,0.1],[0.2,0.8]]}',
  );
}
