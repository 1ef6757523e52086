/** Every demo by name: one line each. Its code is loaded when it is asked for. */
import type { Demo } from "./demo.ts";

export const demos: Readonly<Record<string, () => Promise<Demo>>> = {};
