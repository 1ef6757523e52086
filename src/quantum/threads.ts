/**
 * A second thread for state vectors: a worker with an instance of the same kernel on one shared memory. The halves of every sweep touch
 * nothing in common (state/vectors.as.ts), and rotations of the real and of the imaginary parts follow each other without waiting; only
 * phases and permutations, which mix the halves, wait for both. Numbers are the same, bit by bit, as with one thread.
 */
import { mayShare, maySleep, startThread } from "../array/thread.ts";
import { instantiateShared, type Kernel, unsigned } from "../array/wasm.ts";
import type { StateKernel } from "./kernel.ts";

/** What the worker is told to call, in the order of their numbers. */
const calls = [
  "layout",
  "turn",
  "turnLane",
  "turnBack",
  "turnLaneBack",
  "diagonal",
  "diagonalInverse",
  "permute",
  "square",
  "weigh",
] as const;

/** Numbers of a call in the ring: which one, its arguments. */
const [slots, width] = [64, 10];

interface Shared {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Calls posted, calls done, whether the worker has begun. */
  readonly state: Int32Array;
  readonly ring: Float64Array;
  readonly names: readonly string[];
  readonly sizes: readonly [slots: number, width: number];
}

/** What the worker does: it is sent as text, and knows nothing but its argument. */
function follow({ module, memory, state, ring, names, sizes: [count, size] }: Shared): void {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const run = (name: string, args: ArrayLike<number>): void => {
    const found = exports[name];
    if (typeof found === "function") found(...Array.from(args));
  };
  run("own", [1, 2]);
  Atomics.store(state, 2, 1);
  Atomics.notify(state, 2);
  for (let done = 0; ; ) {
    for (let tries = 0; tries < 20_000 && Atomics.load(state, 0) === done; tries++);
    while (Atomics.load(state, 0) === done) Atomics.wait(state, 0, done);
    const at = (done & (count - 1)) * size;
    run(names[ring[at]], ring.subarray(at + 1, at + size));
    done = (done + 1) | 0;
    Atomics.store(state, 1, done);
    Atomics.notify(state, 1);
  }
}

/** The kernel of both threads, once they are there. */
export type Team = (bytes: (call: StateKernel) => number) => Kernel<StateKernel>;
let team: Team | undefined;

/** Fewest qubits, or twice those of a density matrix, of which two threads are faster than one. */
export const fewestShared = 16;

/** Both threads, unless there is one. */
export const sharedStates = (): Team | undefined => team;

/** Goes back to one thread: the worker stays asleep. */
export function unshareStates(): void {
  team = undefined;
}

let started: Promise<Team | undefined> | undefined;

/**
 * Simulates large states by two threads from now on, where memory may be shared: in Node, and in pages that are isolated from others
 * (`Cross-Origin-Opener-Policy: same-origin`, `Cross-Origin-Embedder-Policy: require-corp`).
 *
 * @returns  whether there are two threads now
 */
export async function shareStates(): Promise<boolean> {
  started ??= start();
  team = await started;
  return team !== undefined;
}

async function start(): Promise<Team | undefined> {
  if (!mayShare()) return undefined;
  const { module, kernel } = instantiateShared<StateKernel>((await import("./state-shared.wasm.ts")).default);
  const shared: Shared = {
    ...{ module, memory: kernel.memory, names: calls, sizes: [slots, width] },
    state: new Int32Array(new SharedArrayBuffer(12)),
    ring: new Float64Array(new SharedArrayBuffer(8 * slots * width)),
  };
  let failed = false;
  startThread(follow, shared).failed(() => {
    failed = true;
  });
  while (Atomics.load(shared.state, 2) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (failed) return undefined;
  }
  const call = together(kernel.call, shared);
  const page = 65_536;
  return (bytes) => {
    const missing = unsigned(bytes(call)) - kernel.memory.buffer.byteLength;
    if (missing > 0) kernel.memory.grow(Math.ceil(missing / page));
    return { call, memory: kernel.memory };
  };
}

/** The kernel's functions, of which this thread does one half and the worker the other. */
function together(own: StateKernel, { state, ring }: Shared): StateKernel {
  own.own(0, 1);
  let posted = 0;
  const post = (which: (typeof calls)[number], args: readonly (number | boolean)[]): void => {
    if (((posted - Atomics.load(state, 1)) | 0) >= slots) wait();
    const at = (posted & (slots - 1)) * width;
    ring[at] = calls.indexOf(which);
    args.forEach((value, i) => (ring[at + 1 + i] = Number(value)));
    posted = (posted + 1) | 0;
    Atomics.store(state, 0, posted);
    Atomics.notify(state, 0);
  };
  const wait = (): void => {
    for (let seen = Atomics.load(state, 1), tries = 0; seen !== posted; seen = Atomics.load(state, 1), tries++)
      if (tries > 20_000 && maySleep) Atomics.wait(state, 1, seen, 100);
  };
  /** Follows what was posted before; nobody waits. */
  const apart =
    <A extends readonly (number | boolean)[], R>(which: (typeof calls)[number], run: (...args: A) => R) =>
    (...args: A): R => {
      post(which, args);
      return run(...args);
    };
  /** Begins when all before it is done, and ends when both are. */
  const joint =
    <A extends readonly (number | boolean)[], R>(which: (typeof calls)[number], run: (...args: A) => R) =>
    (...args: A): R => {
      wait();
      post(which, args);
      const result = run(...args);
      wait();
      return result;
    };
  /** By this thread alone: small, rare, or read by it at once. Addresses are among them, so that no number is read too early. */
  const alone =
    <A extends readonly (number | boolean)[], R>(run: (...args: A) => R) =>
    (...args: A): R => {
      wait();
      return run(...args);
    };
  return {
    ...{ own: own.own, layout: joint("layout", own.layout) },
    ...{ turn: apart("turn", own.turn), turnLane: apart("turnLane", own.turnLane) },
    ...{ turnBack: apart("turnBack", own.turnBack), turnLaneBack: apart("turnLaneBack", own.turnLaneBack) },
    ...{ diagonal: joint("diagonal", own.diagonal), diagonalInverse: joint("diagonalInverse", own.diagonalInverse) },
    ...{ permute: joint("permute", own.permute), square: joint("square", own.square), weigh: joint("weigh", own.weigh) },
    ...{ addressOfSums: alone(own.addressOfSums), addressOfPsi: alone(own.addressOfPsi), addressOfWeights: alone(own.addressOfWeights) },
    ...{ addressOfLambda: alone(own.addressOfLambda), addressOfTable: alone(own.addressOfTable) },
    ...{ reset: alone(own.reset), spread: alone(own.spread), flip: alone(own.flip), phase: alone(own.phase) },
    ...{ depolarize: alone(own.depolarize), depolarizePair: alone(own.depolarizePair), mix: alone(own.mix) },
  };
}
