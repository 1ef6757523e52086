/** Trial functions of one or two parameters, of which energies, variances and gradients are known in closed form. */
import { array } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { logsumexp, type Tensor } from "../../tensor/index.ts";
import { electronsOf, nucleiOf, type System } from "../systems/system.ts";
import type { Ansatz } from "./ansatz.ts";
import { hasCusps, jastrow, jastrowStart } from "./jastrow.ts";
import { nuclearDistances } from "./surroundings.ts";

/** @throws UserError  where electrons of one spin would share an orbital */
function checkOneOfEachSpin(name: string, { title, up, down }: System): void {
  if (up > 1 || down > 1)
    throw new UserError(`${title}: ${name} has one orbital only, for one electron of each spin`, "use slater-jastrow, or a network");
}

/** ψ > 0 everywhere. */
const positive = (logAbs: Tensor) => ({ logAbs, sign: logAbs.mul(0).add(1) });

export interface HydrogenicOptions {
  /** α_I to begin with, in 1/bohr; the nucleus's charge if absent. */
  readonly decay?: number;
  /** Keep electrons apart by e^J? */
  readonly correlated?: boolean;
}

/**
 * ψ = e^J Π_i Σ_I e^{-α_I r_iI}, one electron of each spin at most.
 *
 * @throws UserError  for more electrons of one spin, and for systems without nuclei
 */
export function hydrogenic(system: System, { decay, correlated = true }: HydrogenicOptions = {}): Ansatz {
  checkOneOfEachSpin("hydrogenic", system);
  const nuclei = nucleiOf(system);
  if (nuclei.length === 0) throw new UserError(`${system.title}: hydrogenic is for electrons at nuclei`, "use gaussian, or a network");
  const meets = correlated && hasCusps(system);
  return {
    name: "hydrogenic",
    init: () => ({
      linear: {},
      other: {
        decay: array(
          nuclei.map(({ charge }) => [[decay ?? charge]]),
          "f32",
        ),
        ...(meets && jastrowStart()),
      },
    }),
    electrons: (x, network) => [logsumexp(network.other("decay").mul(nuclearDistances(system, x)).neg(), 0)],
    wave: (x, [each], network) => {
      const j = meets ? jastrow(system, x, network) : undefined;
      return positive(j ? each.sum(0).add(j) : each.sum(0));
    },
  };
}

/**
 * ψ² = Π_i N(x_i; m, σ² I), one electron of each spin at most; parameters m and log σ.
 *
 * @param sigma  σ to begin with, in bohr; that of ω^(-1/2) if absent, which is wider than the oscillator's ground state
 * @throws UserError  for more electrons of one spin
 */
export function gaussian(system: System, { sigma }: { readonly sigma?: number } = {}): Ansatz {
  checkOneOfEachSpin("gaussian", system);
  const { dimension, field } = system;
  const first = sigma ?? (field.kind === "trap" ? 1 / Math.sqrt(field.omega) : 1);
  return {
    name: "gaussian",
    init: () => ({
      linear: {},
      other: {
        mean: array(new Array<number>(dimension).fill(0), "f32", [dimension, 1, 1]),
        logSigma: array([Math.log(first)], "f32"),
      },
    }),
    electrons: (x, network) => [x.sub(network.other("mean"))],
    wave: (_, [away], network) => {
      const logSigma = network.other("logSigma");
      const square = away.square().sum([0, 1]);
      const quarter = logSigma.mul(-2).exp().mul(0.25);
      return positive(
        square
          .mul(quarter)
          .add(logSigma.mul((dimension * electronsOf(system)) / 2))
          .neg(),
      );
    },
  };
}
