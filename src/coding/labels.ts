/** Labels of vertices through an adaptive urn: log2 K^(n) - Σ_k log2 n_k! bits. */
import { ans, renormalize } from "./ans.ts";
import { draw, urn } from "./codecs.ts";
import { HEAD, type Stream } from "./plan.ts";

/** The blocks of all vertices as one stream, by an adaptive urn. */
export function encodeLabels(labels: ArrayLike<number>, sizes: readonly number[]): Stream {
  const labelUrn = urn(sizes.map((size) => size + 1));
  const codec = draw(labelUrn);
  const state = ans();
  for (let v = labels.length - 1; v >= 0; v--) codec.push(state, labels[v]);
  renormalize(state, HEAD);
  return { head: state.head, bytes: Uint8Array.from(state.stack) };
}

/** Decodes `count` labels of K; undefined when the stream does not end where an encoder begins. */
export function decodeLabels({ head, bytes }: Stream, count: number, K: number): Uint16Array | undefined {
  const codec = draw(urn(new Array(K).fill(1)));
  const state = ans(head, [...bytes]);
  const labels = new Uint16Array(count);
  for (let v = 0; v < count; v++) labels[v] = codec.pop(state);
  renormalize(state, HEAD);
  return state.head === HEAD && state.underflow === 0 && state.stack.every((b) => b === 0) ? labels : undefined;
}
