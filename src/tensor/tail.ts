/**
 * Elementwise tails. A step of training ends in passes over all parameters (moments, averages, updates), which native nodes make one after another and one loop
 * of WebAssembly makes at once. Such a program is two: the head runs natively, the tail in WebAssembly, whose memory holds the state from step to step.
 */
import { choosesPasses, isLoop, withoutBranches } from "./branches.ts";
import { withSharing } from "./primitive.ts";
import { fresh } from "./primitives/constant.ts";
import type { Session } from "./runtime.ts";
import type { Node, Program, Tensor } from "./tensor.ts";
import { reachable, substitute } from "./walk.ts";
import { tailGain } from "./wasm/cost.ts";

export interface Split {
  /** The same inputs; what the tail needs, and outputs that are no part of it. */
  readonly head: Program;
  /** What it takes from the head, then inputs of the program. */
  readonly tail: Program;
  /** Inputs of the tail: places among the head's outputs, then among the program's inputs. */
  readonly fromHead: number;
  readonly fromInputs: readonly number[];
  /** Outputs of the program: places among the tail's outputs, or among the head's. */
  readonly outputs: readonly { readonly of: "head" | "tail"; readonly at: number }[];
}

/** The nodes after which nothing but elementwise nodes come, or others that can be made such. */
function tailNodes({ inputs, outputs }: Program, others: (node: Node) => boolean = () => false): Set<Node> {
  const given = new Set(inputs.map((x) => x.node));
  const order = reachable(outputs, given);
  const blocked = new Set<Node>(given);
  const tail = new Set<Node>();
  for (const node of outputs.map((y) => y.node)) if (node.primitive.view) blocked.add(node);
  for (const node of [...order].reverse()) {
    if (!blocked.has(node) && (isLoop(node) || others(node))) tail.add(node);
    else for (const x of node.inputs) blocked.add(x.node);
  }
  return tail;
}

const isConstant = ({ node: { primitive, inputs } }: Tensor): boolean =>
  primitive.constant !== undefined || (primitive.view !== undefined && isConstant(inputs[0]));

/** What nodes take from outside. */
const borderOf = (nodes: ReadonlySet<Node>): Tensor[] =>
  [...new Set([...nodes].flatMap((node) => node.inputs))].filter((x) => !nodes.has(x.node) && !isConstant(x));

/** The two halves of a program, if its tail is worth it. */
export function splitTail(given: Program): Split | undefined {
  const program = withSharing(() => withoutBranches(given, tailNodes(given, choosesPasses)));
  const nodes = tailNodes(program);
  // what can be made once more from what is handed over anyway is not handed over: g² of g
  const handed = new Set(borderOf(nodes));
  for (const x of handed) {
    const { primitive, inputs } = x.node;
    if (!primitive.elementwise || !primitive.lanes || !inputs.every((y) => handed.has(y) || isConstant(y))) continue;
    nodes.add(x.node);
    handed.delete(x);
  }
  if (!(tailGain(nodes) > 0)) return undefined;
  const border = [...handed];
  const known = new Map(program.inputs.map((x, i) => [x, i]));
  const fromInputs = border.filter((x) => known.has(x));
  const made = border.filter((x) => !known.has(x));
  const own = program.outputs.filter((y) => !nodes.has(y.node));
  const headOutputs = [...new Set([...made, ...own])];
  const ends = [...new Set(program.outputs.filter((y) => nodes.has(y.node)))];
  const inner = [...made, ...fromInputs];
  const placeholders = inner.map(fresh);
  const tail = { inputs: placeholders, outputs: withSharing(() => substitute(inner, ends, placeholders)) };
  return {
    head: { inputs: program.inputs, outputs: headOutputs },
    tail,
    fromHead: made.length,
    fromInputs: fromInputs.map((x) => known.get(x) ?? 0),
    outputs: program.outputs.map((y) =>
      nodes.has(y.node) ? { of: "tail", at: ends.indexOf(y) } : { of: "head", at: headOutputs.indexOf(y) },
    ),
  };
}

type Open = (program: Program) => Promise<Session>;

/** The head of a program that is all tail. */
const nothing: Session = { run: async () => [], release: async () => undefined };

/** Both halves as one session. */
export async function openSplit({ head, tail, fromHead, fromInputs, outputs }: Split, openHead: Open, openTail: Open): Promise<Session> {
  const [first, second] = await Promise.all([head.outputs.length > 0 ? openHead(head) : nothing, openTail(tail)]);
  return {
    async run(inputs) {
      const made = await first.run(inputs);
      const ends = await second.run([...made.slice(0, fromHead), ...fromInputs.map((i) => inputs[i])]);
      return outputs.map(({ of, at }) => (of === "tail" ? ends[at] : made[at]));
    },
    async release() {
      await Promise.all([first.release(), second.release()]);
    },
  };
}
