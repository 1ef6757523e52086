/** State vectors in doubles, in memory that threads share. */
export * from "./state.as";
