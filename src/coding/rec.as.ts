/**
 * Random edge coding over interleaved ANS lanes: the integer kernel (AssemblyScript, compiled to WebAssembly).
 *
 * The host (`rec.ts`) lays out memory through `allocate` and calls, for an encoder: `makeKeys`, `sortKeys`, `openEncoder`, `encode`*;
 * for a decoder: `openDecoder`, `decode`*, `collect`. The same bytes come from the plain reference in `reference.ts`.
 */

export { allocate, release } from "./rec/memory.as";
export { openLanes, settle } from "./rec/lanes.as";
export { makeTree, leaves, buildTree } from "./rec/tree.as";
export { setKeys, makeKeys, splitKeys, sortKeys, sortPasses, collapse, countRepeats, fullestBucket } from "./rec/keys.as";
export { setUrn, setTypes } from "./rec/urns.as";
export { openEncoder, encode } from "./rec/encoder.as";
export { openDecoder, decode, collect, warmed, bucketRoom } from "./rec/decoder.as";
