/** Wave functions by name. */
import { UserError } from "../../errors.ts";
import type { System } from "../systems/system.ts";
import type { Ansatz } from "./ansatz.ts";
import { psiformer } from "./psiformer.ts";

export const ansatzNames = ["psiformer"] as const;
export type AnsatzName = (typeof ansatzNames)[number];

/** A wave function and its sizes, as a file has them. */
export interface AnsatzChoice {
  readonly name: AnsatzName;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly determinants: number;
}

/** @throws UserError  for sizes that do not go together */
export function ansatzOf(choice: AnsatzChoice, system: System): Ansatz {
  if (choice.width % choice.heads !== 0)
    throw new UserError(
      `a width of ${choice.width} cannot be split among ${choice.heads} heads`,
      "give a --width that is a multiple of --heads",
    );
  return psiformer(system, choice);
}
