/** Kernels in memory that threads share. */
export * from "./kernels.as";
