/** A family of networks over bits: which bit is what. */
import { nearest, UserError } from "../../errors.ts";
import type { Choice, FamilySpec } from "./schema.ts";

/** Bits that belong together: the weights of a layer [in, units] row by row, its biases, or a choice. */
export interface Group {
  readonly name: string;
  readonly is: "weights" | "biases" | Choice["choose"];
  /** Position in the list of layers, or of choices. */
  readonly of: number;
  /** Its first parameter, and how many there are. */
  readonly first: number;
  readonly count: number;
}

export interface Family {
  readonly name: string;
  readonly spec: FamilySpec;
  readonly inputs: number;
  /** n. */
  readonly bits: number;
  readonly groups: readonly Group[];
  readonly warnings: readonly string[];
}

/**
 * Lays the bits out: groups in the order asked for, by default layer by layer and then the choices.
 * @param inputs  features of the data
 * @throws UserError  for a family that contradicts itself or the data
 */
export function family(spec: FamilySpec, inputs: number): Family {
  const name = spec.name ?? "family";
  const refuse = (what: string, hint?: string): never => {
    throw new UserError(`${name}: ${what}`, hint);
  };
  const { layers, choices, order } = spec;
  if (spec.inputs !== undefined && spec.inputs !== inputs)
    refuse(
      `made for ${spec.inputs} inputs, the data have ${inputs} features`,
      "choose columns with --features, or the size of pictures with --side",
    );
  if (layers[layers.length - 1].units !== 1) refuse("the last layer has to have one unit, the logit of class 1", "write units: 1");
  const widths = [inputs, ...layers.map((l) => l.units)];
  for (const c of choices) {
    if ("layer" in c && c.layer !== undefined && c.layer > layers.length - 1)
      refuse(`choice "${c.choose}" names layer ${c.layer}, there are ${layers.length - 1} hidden layers`);
    if (c.choose === "residual" && widths[c.layer - 1] !== widths[c.layer])
      refuse(`a residual layer has as many units as inputs: layer ${c.layer} has ${widths[c.layer]} and ${widths[c.layer - 1]}`);
    if (c.choose === "features" && c.of?.flat().some((feature) => feature > inputs))
      refuse(`choice "features" names feature ${Math.max(...c.of.flat())} of ${inputs}`, "features are counted from 1");
    if (c.choose === "activation" && layers.length === 1) refuse('choice "activation" needs a hidden layer');
  }
  const unplaced = [
    ...layers.flatMap(({ units, biases }, l): Omit<Group, "first">[] => [
      { name: `weights ${l + 1}`, is: "weights", of: l, count: widths[l] * units },
      ...(biases ? [{ name: `biases ${l + 1}`, is: "biases" as const, of: l, count: units }] : []),
    ]),
    ...choices.map((c, of) => ({ name: choiceName(c, of, choices), is: c.choose, of, count: bitsOfChoice(c, inputs, widths) })),
  ];
  const names = unplaced.map((g) => g.name);
  const sorted = order?.map((asked) => {
    const guess = nearest(asked, names);
    return (
      unplaced.find((g) => g.name === asked) ??
      refuse(`order: there is no group "${asked}"`, guess ? `did you mean "${guess}"?` : `there are ${names.join(", ")}`)
    );
  });
  if (sorted && new Set(sorted).size !== unplaced.length)
    refuse("order: every group has to stand in it once", `there are ${names.join(", ")}`);
  let bits = 0;
  const groups = (sorted ?? unplaced).map((g) => ({ ...g, first: (bits += g.count) - g.count }));
  const warnings = choices.flatMap((c, of) => {
    const options = "of" in c && c.of ? c.of.length : 0;
    if (options === 0 || Number.isInteger(Math.log2(options))) return [];
    return `choice "${choiceName(c, of, choices)}" has ${options} options, no power of two: codes wrap, so that the first ${2 ** Math.ceil(Math.log2(options)) - options} count twice`;
  });
  return { name, spec, inputs, bits, groups, warnings };
}

/** What is chosen, with a number where it is chosen more than once. */
const choiceName = ({ choose }: Choice, of: number, all: readonly Choice[]): string =>
  all.filter((c) => c.choose === choose).length > 1
    ? `${choose} ${all.slice(0, of + 1).filter((c) => c.choose === choose).length}`
    : choose;

function bitsOfChoice(c: Choice, inputs: number, widths: readonly number[]): number {
  if (c.choose === "units") return widths[c.layer];
  if (c.choose === "residual") return 1;
  return c.of ? Math.ceil(Math.log2(c.of.length)) : inputs;
}
