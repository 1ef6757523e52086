/** Attacks by name. */
import { nearest, UserError } from "../../errors.ts";
import type { Attack } from "./attack.ts";
import { batchStatistics, logitMatching } from "./features.ts";
import { generative, plugAndPlay } from "./generative.ts";
import { knowledgeEnriched, pseudoLabelGuided } from "./learned.ts";
import { pixels, priorDraws } from "./plain.ts";
import { type VariationalOptions, variational } from "./variational.ts";

/** Names of attacks; `map` and `vmi` may have a number after a colon. */
export const attackNames = ["prior", "pixels", "generative", "map", "ppa", "lomma", "deep-inversion", "ked", "plg", "vmi"] as const;
type AttackName = (typeof attackNames)[number];

/** Sizes of the attacks. */
export interface AttackOptions extends VariationalOptions {
  /** γ of the variational attack, where its name has none. */
  readonly gammas: readonly number[];
  /** Share of the usual steps, in (0, 1]: for quick runs. */
  readonly effort: number;
}

/** λ of the MAP form, where its name has none. */
const usualLambda = 0.1;

/**
 * Attacks of a list such as "prior,map:0.1,vmi". The draws of the prior are among them always: they are a control.
 * @throws UserError  for names that are none
 */
export function attacksOf(list: string, options: AttackOptions): Attack[] {
  const { gammas, effort } = options;
  const of = (usual: number): number => Math.max(1, Math.round(effort * usual));
  const makers: Record<AttackName, (value?: number) => Attack[]> = {
    prior: () => [],
    pixels: () => [pixels(of(1500))],
    generative: () => [generative(0, of(500))],
    map: (lambda = usualLambda) => [generative(lambda, of(500))],
    ppa: () => [plugAndPlay(of(70))],
    lomma: () => [logitMatching(of(500))],
    "deep-inversion": () => [batchStatistics(of(1000))],
    ked: () => [knowledgeEnriched(of(3000), of(2400))],
    plg: () => [pseudoLabelGuided(of(3000), of(600))],
    vmi: (gamma) => (gamma === undefined ? gammas : [gamma]).map((g) => variational(g, options)),
  };
  const names = list === "all" ? [...attackNames] : list.split(",").map((name) => name.trim());
  const chosen = names.flatMap((given) => {
    const [name, ...more] = given.split(":");
    const found = attackNames.find((known) => known === name);
    if (found === undefined) {
      const guess = nearest(name, attackNames);
      throw new UserError(`no attack "${given}"`, guess ? `did you mean "${guess}"?` : `there are ${attackNames.join(", ")}; or all`);
    }
    const text = more.join(":").trim();
    const value = more.length === 0 ? undefined : text === "" ? Number.NaN : Number(text);
    if (value !== undefined && !((found === "map" || found === "vmi") && value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new UserError(`attack "${given}": the number after the colon`, "map:0.1 and vmi:0.03 take one, at least 0; the others none");
    return makers[found](value);
  });
  const all = [priorDraws, ...chosen];
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
}
