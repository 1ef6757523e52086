/**
 * Kernels that programs of WebAssembly call: products, gathers, scatters, running sums, orders. They work on a program's memory; addresses are
 * in bytes, strides in elements. What cannot be done is told at address 16: a kind, a limit, and a number of 64 bits.
 */
export * from "./kernels/products.as";
export * from "./kernels/indices.as";
export * from "./kernels/orders.as";
