/**
 * The threads of programs. Each has an instance of every program that has jobs, on the same memory, and sleeps between them: for a job it is woken,
 * or still awake from the one before, and takes parts of it as long as there are some. So does the main thread: it waits for parts that somebody
 * works on, never for a thread that has not begun, on however busy a machine. For a new program threads go back to the messages, where the
 * program is; meanwhile the main thread does all parts. The numbers are the same whoever does what.
 */
import { maySleep, type Port, startThread, type Thread } from "../../array/thread.ts";
import { TensorError } from "../../errors.ts";

/** A program as threads need it. */
interface Member {
  readonly id: number;
  readonly module: WebAssembly.Module;
  readonly kernels: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Addresses of what threads have for themselves. */
  readonly edges: readonly number[];
  /** Programs that are no more. */
  readonly gone: readonly number[];
}

interface Post {
  /**
   * Jobs posted; parts done of the last one; its program (-1: look at the messages) and its number; parts that failed; and, as one number, the
   * last bits of the first and the part that is next.
   */
  readonly state: Int32Array;
  readonly thread: number;
  readonly parts: number;
}

/** What a thread does. */
function follow({ state, thread, parts }: Post, port: Port): void {
  const members = new Map<number, (job: number, part: number) => void>();
  let seen = 0;
  const done = (): void => {
    Atomics.add(state, 1, 1);
    Atomics.notify(state, 1);
  };
  const work = (): void => {
    for (;;) {
      for (let tries = 0; tries < 10_000 && Atomics.load(state, 0) === seen; tries++);
      while (Atomics.load(state, 0) === seen) Atomics.wait(state, 0, seen);
      seen = Atomics.load(state, 0);
      if (Atomics.load(state, 2) < 0) {
        done();
        return;
      }
      for (let next = Atomics.load(state, 5); next >> 8 === (seen << 8) >> 8 && (next & 255) < parts; next = Atomics.load(state, 5)) {
        if (Atomics.compareExchange(state, 5, next, next + 1) !== next) continue;
        // the job stays what it is until this part is done
        try {
          members.get(state[2])?.(state[3], next & 255);
        } catch {
          Atomics.add(state, 4, 1);
        }
        done();
      }
    }
  };
  port.receive((message) => {
    const { id, module, kernels, memory, edges, gone } = message as Member;
    for (const old of gone) members.delete(old);
    const { exports: library } = new WebAssembly.Instance(kernels, { env: { memory } });
    const nothing = (): void => undefined;
    const functions = { ...library, pow: Math.pow, sin: Math.sin, cos: Math.cos, fork: nothing, join: nothing };
    const { exports } = new WebAssembly.Instance(module, { env: { memory }, kernels: functions });
    (library.own as (address: number) => void)(edges[thread]);
    members.set(id, exports.part as (job: number, part: number) => void);
    seen = Atomics.load(state, 0);
    port.send(id);
    work();
  });
}

/** What does a part of a job in this thread. */
type DoPart = (job: number, part: number) => void;

/** A program among those that threads know. */
interface Membership {
  /** What its driver calls: begin a job, of which the driver does the first part, and wait for the others. */
  readonly team: { fork(job: number): void; join(): void };
  /** Takes what does parts here. */
  begin(part: DoPart): void;
  /** Threads forget it. */
  leave(): void;
}

/** The threads besides the main one. */
interface Crew {
  /** Gives all threads a program. */
  enlist(member: Omit<Member, "id" | "gone">): Promise<Membership>;
}

const crews = new Map<number, Crew>();

/** So many threads, this one among them. */
export function crewOf(threads: number): Crew {
  let crew = crews.get(threads);
  if (!crew) {
    crew = startCrew(threads);
    crews.set(threads, crew);
  }
  return crew;
}

/** None if a page forbids them, by an error at once or by one that comes later. */
function startAll(threads: number, state: Int32Array): Thread[] {
  try {
    return Array.from({ length: threads - 1 }, (_, k) => startThread(follow, { state, thread: k + 1, parts: threads }));
  } catch {
    return [];
  }
}

function startCrew(threads: number): Crew {
  const state = new Int32Array(new SharedArrayBuffer(24));
  const others = startAll(threads, state);
  let [members, listening, failed, posted] = [0, true, others.length === 0, 0];
  let last: Promise<unknown> = Promise.resolve();
  let arrived = (): void => undefined;
  const gone: number[] = [];
  for (const thread of others) {
    thread.receive(() => arrived());
    thread.failed(() => {
      failed = true;
      arrived();
    });
  }

  /** The first part is the main thread's. */
  const post = (id: number, job: number): void => {
    posted = (posted + 1) | 0;
    Atomics.store(state, 1, 0);
    Atomics.store(state, 2, id);
    state[3] = job;
    Atomics.store(state, 5, (posted << 8) | 1);
    Atomics.store(state, 0, posted);
    Atomics.notify(state, 0);
  };
  const wait = (): void => {
    for (let seen = Atomics.load(state, 1), tries = 0; seen !== others.length; seen = Atomics.load(state, 1), tries++)
      if (tries > 10_000 && maySleep) Atomics.wait(state, 1, seen, 100);
    if (Atomics.exchange(state, 4, 0) > 0) throw new TensorError("a thread of the program failed");
  };
  /** Does parts that nobody has taken. */
  const help = (job: number, own: DoPart): void => {
    for (let next = Atomics.load(state, 5); (next & 255) < threads; next = Atomics.load(state, 5)) {
      if (Atomics.compareExchange(state, 5, next, next + 1) !== next) continue;
      own(job, next & 255);
      Atomics.add(state, 1, 1);
    }
  };
  /** Threads look at their messages, take the program and go back to their jobs. */
  async function introduce(member: Member): Promise<void> {
    if (!listening) {
      post(-1, 0);
      wait();
      listening = true;
    }
    if (failed) return;
    await new Promise<void>((ready) => {
      let missing = others.length;
      arrived = () => {
        missing--;
        if (missing === 0 || failed) ready();
      };
      for (const thread of others) {
        thread.hold(true);
        thread.send(member);
      }
    });
    for (const thread of others) thread.hold(false);
    listening = failed;
  }

  return {
    async enlist(given) {
      const id = members++;
      const mine = last.then(() => introduce({ ...given, id, gone: gone.splice(0) }));
      last = mine;
      await mine;
      let own: DoPart = () => undefined;
      let current = 0;
      let alone = false;
      const team: Membership["team"] = {
        fork(job) {
          current = job;
          alone = listening;
          if (!alone) post(id, job);
        },
        join() {
          if (alone) for (let part = 1; part < threads; part++) own(current, part);
          else {
            help(current, own);
            wait();
          }
        },
      };
      return { team, begin: (part) => void (own = part), leave: () => void gone.push(id) };
    },
  };
}
