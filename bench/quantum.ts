/**
 * Circuits: milliseconds for a rotation of one qubit, for probabilities, and for a value with its gradient, of the brick circuit with rows of
 * random angles; here, by one thread and (--threads 2) by two, and in PyTorch and JAX if a Python has them. Interleaved; the fastest of all rounds, and the median.
 *
 *   npm run bench -- quantum [--qubits 12,14,16,18,20] [--depth 6] [--rounds 9] [--threads 1] [--python path/to/venv/bin/python] [--json]
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { brick } from "../src/quantum/ansatz.ts";
import type { Circuit, Gate, Objective } from "../src/quantum/circuit.ts";
import { probabilities, valueAndGradient } from "../src/quantum/simulate.ts";
import { shareStates, unshareStates } from "../src/quantum/threads.ts";
import { external, type Measured, type Runner } from "./peer.ts";

const options = {
  qubits: { type: "string", default: "12,14,16,18,20" },
  depth: { type: "string", default: "6" },
  rounds: { type: "string", default: "9" },
  threads: { type: "string", default: "1" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  json: { type: "boolean", default: false },
} as const;

/** Times, and the value and the length of the gradient: whether all did the same. */
interface Told extends Measured {
  readonly value?: number;
  readonly norm?: number;
}

/** The same angles and costs as in bench/peers/quantum.py. */
const anglesOf = (count: number): Float64Array => Float64Array.from({ length: count }, (_, k) => (2.399963 * (k + 1)) % 6.283185);
const costsOf = (n: number): Float64Array => Float64Array.from({ length: 2 ** n }, (_, k) => Math.sin(k));

function ours(depth: number, threads: 1 | 2): Runner {
  return {
    name: threads === 1 ? "pushforward" : "2 threads",
    async run(task, reps): Promise<Told> {
      if (threads === 1) unshareStates();
      else if (!(await shareStates())) throw new Error("memory cannot be shared here");
      const n = Number(task);
      const [circuit, costs] = [brick(n, depth), costsOf(n)];
      const angles = anglesOf(circuit.parameters);
      const mean: Objective = (p) => {
        let value = 0;
        for (let k = 0; k < p.length; k++) value += p[k] * costs[k];
        return { value, slopes: costs };
      };
      let found = valueAndGradient(circuit, angles, mean);
      const times = Array.from({ length: reps }, () => timed(() => (found = valueAndGradient(circuit, angles, mean))));
      return { first: null, times, peak: process.resourceUsage().maxRSS / 1024, value: found.value, norm: Math.hypot(...found.gradient) };
    },
    close() {},
  };
}

function timed(job: () => unknown): number {
  const begin = performance.now();
  job();
  return performance.now() - begin;
}

/** Milliseconds of one RY: the difference of circuits with many and with few, between couplings that keep them apart. */
function oneGate(n: number): number {
  const pair = (q: number): readonly Gate[] => [
    { name: "ry", qubits: [q], angles: [0.7] },
    { name: "cz", qubits: [q, (q + 1) % n], angles: [] },
  ];
  const circuit = (count: number, take: (gates: readonly Gate[]) => readonly Gate[]): Circuit => ({
    qubits: n,
    parameters: 0,
    gates: [...Array(count).keys()].flatMap((i) => take(pair(1 + (i % (n - 1))))),
  });
  const [both, couplings] = [circuit(40, (gates) => gates), circuit(40, (gates) => gates.slice(1))];
  const rows: Circuit = {
    qubits: n,
    parameters: 0,
    gates: [{ name: "ry", qubits: [0], angles: [0.4] }, ...couplings.gates, { name: "h", qubits: [0], angles: [] }],
  };
  let [all, rest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // in turns, so that a busy machine slows both down
  for (let round = 0; round < 9; round++) {
    all = Math.min(
      all,
      timed(() => probabilities(both, [])),
    );
    rest = Math.min(
      rest,
      timed(() => probabilities(rows, [])),
    );
  }
  return (all - rest) / 39;
}

function peers(python: string, threads: number, depth: number): Runner[] {
  if (!python || !existsSync(python)) return [];
  const single: Record<string, string> =
    threads === 1 ? { XLA_FLAGS: "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" } : {};
  const env = { THREADS: String(threads), OMP_NUM_THREADS: String(threads), JAX_PLATFORMS: "cpu", JAX_ENABLE_X64: "1", ...single };
  return ["torch", "jax"].map((kind) =>
    external(kind === "torch" ? "PyTorch" : "JAX", python, ["bench/peers/quantum.py", kind, String(depth)], env),
  );
}

const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[xs.length >> 1];

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  const [depth, rounds, threads] = [values.depth, values.rounds, values.threads].map(Number);
  const runners = [ours(depth, 1), ...(threads > 1 ? [ours(depth, 2)] : []), ...peers(values.python, threads, depth)];
  const rows: unknown[] = [];
  for (const task of values.qubits.split(",")) {
    const n = Number(task);
    const times = new Map<string, number[]>(runners.map(({ name }) => [name, []]));
    const told = new Map<string, Told>();
    for (const runner of runners) await runner.run(task, 1); // compilers warm up
    for (let round = 0; round < rounds; round++)
      for (const runner of runners) {
        const answer: Told | undefined = await runner.run(task, 1);
        if (!answer) continue;
        times.get(runner.name)?.push(...answer.times);
        told.set(runner.name, answer);
      }
    const circuit = brick(n, depth);
    const angles = anglesOf(circuit.parameters);
    unshareStates();
    const forward = Math.min(...Array.from({ length: rounds }, () => timed(() => probabilities(circuit, angles))));
    const gate = oneGate(n);
    const results = runners.flatMap(({ name }) => {
      const list = times.get(name) ?? [];
      return list.length > 0
        ? [{ name, best: Math.min(...list), median: median(list), value: told.get(name)?.value, norm: told.get(name)?.norm }]
        : [];
    });
    rows.push({ qubits: n, depth, parameters: circuit.parameters, gate, forward, results });
    if (values.json) continue;
    console.log(
      `n = ${n}, depth ${depth}, ${circuit.parameters} angles: one RY ${gate.toFixed(3)} ms, probabilities ${forward.toFixed(2)} ms; value and gradient:`,
    );
    for (const { name, best, median, value, norm } of results)
      console.log(
        `    ${name.padEnd(14)}best ${best.toFixed(2).padStart(9)} ms   median ${median.toFixed(2).padStart(9)} ms   value ${value?.toFixed(12)}   |gradient| ${norm?.toFixed(12)}`,
      );
  }
  if (values.json) console.log(JSON.stringify({ threads, rows }));
  for (const runner of runners) runner.close();
}
