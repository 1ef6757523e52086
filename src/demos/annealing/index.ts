/** Chains from the prior to a posterior, with ever more temperatures: two bounds on log p(x) close on the exact value. */

import { randomStream } from "../../array/index.ts";
import type { Column } from "../../data/table.ts";
import { toOnnx } from "../../onnx/export.ts";
import { difference } from "../../sampling/bounds/estimate.ts";
import { estimate, samplingCautions } from "../../sampling/index.ts";
import { like } from "../../tensor/index.ts";
import type { Demo, Frame, Quantity, TakeAway } from "../demo.ts";
import { choice, form, range } from "../form.ts";
import { csvFile, running } from "../running.ts";
import { annealedImportance, type Moment, pilotOf, type Rung, type Size, sequentialMonteCarlo } from "./ladder.ts";
import { panelsOf } from "./look.ts";
import { type ModelName, models, type Posterior, posteriorOf } from "./posteriors.ts";

interface Choice {
  readonly posterior: ModelName;
  readonly sampler: "ais" | "smc";
  readonly chains: number;
  readonly doublings: number;
}

const choices = form<Choice>({
  posterior: choice({
    label: "Posterior",
    choices: { ring: models.ring.title, four: models.four.title, banana: models.banana.title, ridge: models.ridge.title },
    value: "ring",
    help: "Of two latents, after one observation. The prior is a standard normal.",
  }),
  sampler: choice({
    label: "Sampler",
    choices: { ais: "annealed importance sampling", smc: "sequential Monte Carlo, with resampling" },
    value: "ais",
  }),
  chains: range({
    label: "Chains",
    min: 1,
    max: 32,
    step: 1,
    value: 16,
    help: "Of one bound. The spread over 64 such bounds gives the errors.",
  }),
  doublings: range({ label: "Doublings", min: 1, max: 11, step: 1, value: 11, help: "Of the temperatures: 11 end with 2048." }),
});

const populations = 64;
const climbs = { ais: annealedImportance, smc: sequentialMonteCarlo } as const;
/** Chains that move between two frames, about a tenth of a second; long rungs have more steps a frame than short ones. */
const movesAFrame = 20_480;

export const annealing: Demo = {
  name: "annealing",
  docs: "information",
  controls: choices.controls,
  command(settings) {
    const { posterior, chains } = choices.read(settings);
    return `pushforward information bounds decoder.onnx --likelihood gaussian --variance ${models[posterior].variance} --chains ${chains} --temperatures 1000`;
  },
  async start(settings, seed) {
    const asked = choices.read(settings);
    const posterior = await posteriorOf(asked.posterior);
    const rungs: Rung[] = [];
    return running(climbAll(posterior, asked, seed, rungs), () => filesOf(posterior, rungs));
  },
};

/** Climbs rung after rung. */
async function* climbAll(posterior: Posterior, asked: Choice, seed: number, rungs: Rung[]): AsyncGenerator<Frame, void> {
  const rng = randomStream(seed).fold("annealing demo");
  const size: Size = { chains: asked.chains, populations };
  const pilot = await pilotOf(posterior, rng.fold("pilot"));
  for (let k = 1; k <= asked.doublings; k++) {
    const temperatures = 2 ** k;
    const climb = climbs[asked.sampler](posterior, pilot, temperatures, size, rng.fold(temperatures));
    const every = Math.max(1, Math.round(movesAFrame / (size.chains * populations)));
    const moments: Moment[] = [];
    for (;;) {
      const { value, done } = await climb.next();
      if (done) {
        rungs.push(value);
        break;
      }
      moments.push(value);
      // the last step of a rung is shown with its bounds
      if (moments.length % every === 0 && value.step < value.steps) yield frameOf(posterior, asked, rungs, moments, temperatures);
    }
    yield frameOf(posterior, asked, rungs, moments, temperatures);
  }
}

function frameOf(posterior: Posterior, { doublings }: Choice, rungs: readonly Rung[], moments: readonly Moment[], now: number): Frame {
  const { step, steps, effective, acceptance } = moments[moments.length - 1];
  const all = 2 ** (doublings + 1) - 2;
  const last = rungs.at(-1);
  return {
    progress: (now - 2 + step) / all,
    label: rungs.length === doublings ? `done: up to ${now} temperatures` : `${now} temperatures: step ${step} of ${steps}`,
    numbers: [
      ...(last ? boundsOf(posterior, last) : []),
      { name: "exact log p(x)", value: posterior.exact, note: "nats, by quadrature" },
      { name: "effective size", value: effective, note: "share of the weights, in this rung so far" },
      ...(acceptance === undefined ? [] : [{ name: "acceptance", value: acceptance, note: "in the last step" }]),
    ],
    panels: panelsOf(posterior, rungs, moments),
    cautions: last ? cautionsOf(last) : [],
  };
}

/** The bounds of a rung, with standard errors over independent populations. */
function boundsOf({ constant }: Posterior, { lower, upper, temperatures }: Rung): Quantity[] {
  const [below, above] = [estimate(lower), estimate(upper)];
  const gap = difference(above, below);
  const note = `nats, ${temperatures} temperatures`;
  return [
    { name: "lower bound", value: below.mean + constant, error: below.error, note },
    { name: "upper bound", value: above.mean + constant, error: above.error, note },
    { name: "gap", value: gap.mean, error: gap.error, note },
  ];
}

/** What is wrong with the last rung that was climbed. */
const cautionsOf = ({ lower, upper, single, acceptance, invalid, temperatures }: Rung): string[] =>
  samplingCautions({
    sandwich: { lower: estimate(lower), upper: estimate(upper) },
    ...(single && {
      logWeights: single.forward,
      acceptance,
      invalid: { rejected: invalid, proposals: 2 * single.forward.length * temperatures },
    }),
  });

/** The decoder, as the command takes it, and the bounds of every population. */
async function filesOf({ model, constant }: Posterior, rungs: readonly Rung[]): Promise<TakeAway[]> {
  const decoder = toOnnx(model.decode, [like([1, 2])], { anyRows: true });
  const column = (name: string, value: (r: Rung, g: number) => number): Column => ({
    name,
    values: Float64Array.from(rungs.flatMap((r) => Array.from(r.lower, (_, g) => value(r, g)))),
  });
  return [
    { name: "decoder.onnx", type: "application/octet-stream", bytes: decoder },
    csvFile("bounds.csv", [
      column("temperatures", (r) => r.temperatures),
      column("population", (_, g) => g),
      column("lower", (r, g) => r.lower[g] + constant),
      column("upper", (r, g) => r.upper[g] + constant),
    ]),
  ];
}
