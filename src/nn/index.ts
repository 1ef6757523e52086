/** Layers and networks: parameter trees (plain objects of arrays) and pure functions of them. `init` makes the tree, `apply` uses it. */
export * from "./activations.ts";
export * from "./attention.ts";
export * from "./conv.ts";
export * from "./dense.ts";
export * from "./embedding.ts";
export * as initializers from "./initializers.ts";
export * from "./mlp.ts";
export * from "./networks.ts";
export * from "./norm.ts";
export * from "./time.ts";
export * from "./transformer.ts";
export * from "./unet.ts";
