/** Inputs of programs, which run while the caller goes on: small arrays are copied, changes of large ones are noticed. */
import type { NdArray } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";

/** Elements up to which copying takes less than starting a program. */
const copied = 2 ** 14;
/** Elements of a large array that are looked at before and after. */
const looked = 64;

/** Results of programs, and what is like them: states that go from call to call are not copied. */
const results = new WeakSet<NdArray>();

/** An array whose owner changes it between calls only: programs neither copy nor watch it. */
export function unwatched<A extends NdArray>(a: A): A {
  results.add(a);
  return a;
}

/** Remembers results of programs. */
export function made(arrays: readonly NdArray[]): NdArray[] {
  for (const a of arrays) results.add(a);
  return [...arrays];
}

/** Elements spread over an array, the first and the last among them. */
function sample({ data }: NdArray): (number | bigint)[] {
  const last = data.length - 1;
  return Array.from({ length: looked }, (_, k) => data[Math.round((k * last) / (looked - 1))]);
}

/**
 * Arrays that a program may read while others are changed.
 *
 * @returns  `check`, which throws a TensorError if a large array was seen to change
 */
export function guarded(given: readonly NdArray[]): { arrays: readonly NdArray[]; check: () => void } {
  const arrays = given.map((a) => (a.data.length > copied || results.has(a) ? a : { ...a, data: a.data.slice() as typeof a.data }));
  const large = arrays.flatMap((a, i) => (a === given[i] && !results.has(a) ? [{ a, i, before: sample(a) }] : []));
  const check = (): void => {
    const changed = large.find(({ a, before }) => sample(a).some((v, k) => !Object.is(v, before[k])));
    if (changed)
      throw new TensorError(`input ${changed.i} of ${changed.a.data.length} elements was changed before the call resolved: give it a copy`);
  };
  return { arrays, check };
}
