/** What the server is, asked once. */
import type { Meta } from "../src/studio/api.ts";
import { ask } from "./server.ts";

let asked: Promise<Meta> | undefined;

export function meta(): Promise<Meta> {
  asked ??= ask<Meta>("meta").catch((error) => {
    asked = undefined;
    throw error;
  });
  return asked;
}
