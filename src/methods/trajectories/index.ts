/** `pushforward trajectories`: how a population moves, splits, grows and dies, from unpaired snapshots. */
import type { z } from "zod";
import { loadPopulation } from "../../data/load.ts";
import type { Population } from "../../data/population.ts";
import { list } from "../../data/table.ts";
import { type Desk, method } from "../../lab/method.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { formatNumber } from "../../numbers.ts";
import { animation } from "../../transport/figures/animation.ts";
import {
  assess,
  balanceTable,
  baseDensity,
  type Choice,
  choose,
  figuresOf,
  has,
  headline,
  keyNumbers,
  learner,
  massText,
  predictionText,
  preparePopulation,
  pusher,
  scoresTable,
  shownFeatures,
  splitTimes,
  type TimeSplit,
  valueText,
} from "../../transport/index.ts";
import { encoded, filesOf } from "./files.ts";
import { inspect } from "./inspect.ts";
import { trajectoriesOptions } from "./options.ts";

type Options = SharedOptions & z.infer<typeof trajectoriesOptions>;

export const trajectories = method({
  name: "trajectories",
  summary: "learn how a population moves from unpaired snapshots",
  description: "learn how a population moves, grows and dies from unpaired snapshots, and predict held-out times",
  examples: [
    "pushforward trajectories --data gapminder --hold-out 1970,1990",
    "pushforward trajectories cells.csv --time day --features pc1..pc5 --hold-out 2 --out runs/cells",
    "pushforward trajectories cells.h5ad --time day --method wlf-uot --mass counts --group cell_type",
    "pushforward trajectories cells.h5ad --time day --embedding X_pca --velocity velocity_pca --velocity-scale fit",
    'pushforward trajectories drifters.csv --drift "x=-y; y=x" --cost "power 3"',
    'pushforward trajectories swarm.csv --method wlf-potential --interaction "exp(-r^2/2)"',
  ],
  notes: `Methods:
  am, eam, uam, euam      action matching: plain, with noise, with growth, with both
  am-sb, am-wfr, am-mix   on Schrödinger bridges, on unbalanced transport, on mixtures
  wlf-ot, wlf-sb          least action: optimal transport, Schrödinger bridge
  wlf-uot, wlf-usb        least action with growth, and with growth and noise (a heuristic)
  wlf-potential, wlf-uot-potential   least action under --potential and --interaction
  i-cfm, ot-cfm, sb-cfm, sf2m, simulate   flow matching and simulation, to compare with`,
  input: { name: "[file]", description: "CSV, TSV, Parquet, JSON, NPZ or h5ad with a time column; or give --data" },
  options: trajectoriesOptions,
  commands: [inspect],
  load: loadPopulation,

  async prepare(data, given, desk) {
    const shown = shownFeatures(data, given.show); // a wrong name is told before the training
    const split = splitTimes(data, given.holdOut);
    const choice = given.auto ? await chosenMethod(data, given, split, desk) : undefined;
    const options = { ...given, ...choice?.best, steps: given.quick ? Math.min(given.steps, 300) : given.steps };
    const { method, steps } = options;
    const prepared = await preparePopulation(data, options, split);
    return {
      problem: { data, options, shown, split, choice, prepared, base: await densityAsked(options, prepared.clouds[0]) },
      source: data,
      label: `training on ${data.title}`,
      folder: data.name,
      steps,
      config: { ...choice?.best, ...asData(prepared.learn) },
      warnings: prepared.warnings,
      divergedHint: `lower --learning-rate${method.startsWith("wlf") ? " or --rate-ratio" : ""}, or look for outliers in the features`,
    };
  },

  learner: ({ options, split, prepared: { times, clouds, learn } }) =>
    learner(
      options.method,
      split.train.map((k) => times[k]),
      split.train.map((k) => clouds[k]),
      learn,
    ),

  async conclude({ state, history }, { data, options, split, choice, prepared, base }, model, { rng }) {
    const { method, threads } = options;
    const trained = { model, push: pusher(model, threads), params: model.average(state) };
    const found = await assess(method, trained, state, data, prepared, split, rng, base);
    const { predictions, mass, value, least, solverError, balance, fates, warnings } = found;
    const losses = history.flatMap(({ step, loss }) => (loss === undefined ? [] : [{ step, loss }]));
    const loss = losses.at(-1)?.loss;
    const grows = has(method, "growth");
    return {
      ...{ trained, found, losses, warnings },
      title: `Trajectories: ${data.title}`,
      summary: headline(method, data.times.length, predictions),
      numbers: keyNumbers(data, { ...found, loss }, method),
      tables: [
        ...(choice ? [choice.report] : []),
        ...(predictions.length ? [scoresTable(predictions)] : []),
        ...(balance.length ? [balanceTable(balance)] : []),
      ],
      results: {
        ...{ method, steps: options.steps, loss, heldOut: predictions, mass: grows ? mass : undefined },
        ...{ value, least, solverError, balance, fates: fates?.matrix, choice: choice?.table },
      },
      text: (took: string) => [
        ...featuresTaken(data, options),
        ...(choice?.text ?? []),
        ...predictions.flatMap(predictionText),
        ...(grows ? [massText(mass)] : []),
        ...(value ? [valueText(value)] : []),
        `trained in ${took}${loss === undefined ? "" : `, loss ${formatNumber(loss)}`}`,
      ],
    };
  },

  figures: ({ found, losses }, { data, options, shown, split, prepared }) =>
    figuresOf(options.method, data, prepared, split, found, { features: shown, losses }),

  async *files({ trained, found }, { data, options, prepared }) {
    yield* filesOf(trained, data, prepared, found);
    if (!options.animation) return;
    yield { name: "animation.png", content: await encoded(animation(data, found.frames, has(options.method, "growth"))) };
  },
});

/** Every candidate has a third of the steps. */
function chosenMethod(data: Population, options: Options, split: TimeSplit, { progress }: Desk): Promise<Choice> {
  const steps = options.quick ? 100 : Math.max(300, Math.round(options.steps / 3));
  let line: ReturnType<typeof progress> | undefined;
  return choose(data, { ...options, steps }, split, (done, total) => {
    line ??= progress("choosing a method", total);
    if (done > 0) line.update(done);
    if (done === total) line.finish();
  });
}

const densityAsked = async ({ density, method }: Options, first: Parameters<typeof baseDensity>[2]) =>
  density && (await baseDensity(density, method, first));

/** Settings that are data: programs, such as potentials, stand in the options as text. */
const asData = (settings: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value !== "function" && value !== undefined));

/** The features of a table, where nobody named them. */
const featuresTaken = (data: Population, { features, data: builtIn }: Options): string[] =>
  features === undefined && builtIn === undefined && !data.annotated ? [`features: ${list((data.components ?? data).features, 8)}`] : [];
