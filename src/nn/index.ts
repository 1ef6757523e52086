/** Layers and networks: parameter trees (plain objects of arrays) and pure functions of them. `init` makes the tree, `apply` uses it. */
export * from "./activations.ts";
export * from "./dense.ts";
export * as initializers from "./initializers.ts";
export * from "./mlp.ts";
export * from "./norm.ts";
export * from "./time.ts";
