/** What the page and the worker of a demo say to each other. */
import type { Frame, Settings, TakeAway } from "../../src/demos/demo.ts";

export type Order =
  | { readonly kind: "start"; readonly name: string; readonly settings: Settings; readonly seed: number }
  /** Asks for the files so far. */
  | { readonly kind: "files" };

export type Answer =
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "files"; readonly files: readonly TakeAway[] }
  /** There is nothing left to do. */
  | { readonly kind: "done" }
  | { readonly kind: "error"; readonly error: string; readonly hint?: string };
