/**
 * Lossless compression of labelled graphs: random edge coding (urn and block-urn models) and gap coding, on exact ANS states.
 * Nothing here needs Node; pictures (figures.ts) and other compressors (compressors.ts) do.
 */
export { type Ans, ans, height, pop, push, renormalize } from "./ans.ts";
export { type Codec, draw, type Urn, uniform, urn } from "./codecs.ts";
export { type DecodeOptions, decodeGraph, readHeader } from "./decode.ts";
export { type Encoded, type EncodeOptions, encode, encodeGraph } from "./encode.ts";
export { canonicalPairs, distinctEdges, type Edges, type Graph, graph, sameGraph } from "./graph.ts";
export { blockUrnIdeal, type EdgeFacts, edgeFacts, urnIdeal } from "./ideal.ts";
export { type CompressedSize, type Inspection, inspectGraph, type StorageSize } from "./inspect.ts";
export { candidates, type GraphModel, type GraphModelName, type GraphModelOptions, idealBits, prepare } from "./models.ts";
export { type Multiset, multiset, popElement, pushElement } from "./multiset.ts";
export { type CountTree, countTree } from "./order.ts";
