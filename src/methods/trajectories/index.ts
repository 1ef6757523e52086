/** `pushforward trajectories`: how a population moves, splits, grows and dies, from unpaired snapshots. */
import { loadPopulation } from "../../data/load.ts";
import { type NewParticles, readParticles } from "../../data/new-particles.ts";
import type { Population } from "../../data/population.ts";
import { list } from "../../data/table.ts";
import { UserError } from "../../errors.ts";
import { moving } from "../../lab/animation.ts";
import { choosing } from "../../lab/choosing.ts";
import type { Finished } from "../../lab/parts.ts";
import { formatNumber } from "../../numbers.ts";
import { animation } from "../../transport/figures/animation.ts";
import {
  type AskedOf,
  assess,
  balanceTable,
  baseDensity,
  checkAsked,
  checkChoice,
  checkCurve,
  checkLineage,
  checkUsed,
  figuresOf,
  growthTable,
  growthText,
  has,
  headline,
  keyNumbers,
  learner,
  lineageOf,
  massText,
  moveNew,
  type PreparedPopulation,
  populationFigure,
  predictionText,
  preparePopulation,
  pusher,
  scoresTable,
  shownFeatures,
  splitTimes,
  transitionResults,
  transitionTables,
  transitionText,
  valueText,
} from "../../transport/index.ts";
import { descriptionOf } from "../../transport/learning/methods.ts";
import { allTrialSteps, decided, type Options, type Question, type Trial, type Tried, trials, tryOne } from "./choice.ts";
import { filesOf, populationFiles } from "./files.ts";
import { inspect } from "./inspect.ts";
import { trajectoriesOptions } from "./options.ts";

export const trajectories = choosing({
  name: "trajectories",
  summary: "learn how a population moves from unpaired snapshots",
  description: "learn how a population moves, grows and dies from unpaired snapshots, and predict held-out times",
  examples: [
    "pushforward trajectories --data gapminder --hold-out 1970,1990",
    "pushforward trajectories cells.csv --time day --features pc1..pc5 --hold-out 2 --out runs/cells",
    "pushforward trajectories cells.h5ad --time day --method wlf-uot --mass counts --group cell_type",
    "pushforward trajectories cells.h5ad --time day --embedding X_pca --velocity velocity_pca --velocity-scale fit",
    "pushforward trajectories cells.h5ad --time day --method am-wfr --prior-growth rate --group cell_type --between 0,4",
    "pushforward trajectories drifters.csv --path spline --hold-out 3",
    'pushforward trajectories drifters.csv --drift "x=-y; y=x" --cost "power 3"',
    "pushforward trajectories pendulums.csv --method mechanics --friction fit --until 20",
    'pushforward trajectories swarm.csv --method wlf-potential --interaction "exp(-r^2/2)"',
  ],
  notes: `Methods:
  am, eam, uam, euam      action matching: plain, with noise, with growth, with both
  am-sb, am-wfr, am-mix   on Schrödinger bridges, on unbalanced transport, on mixtures
  wlf-ot, wlf-sb          least action: optimal transport, Schrödinger bridge
  wlf-uot, wlf-usb        least action with growth, and with growth and noise (a heuristic)
  wlf-potential, wlf-uot-potential   least action under --potential and --interaction
  mechanics, langevin     second-order: places and velocities under a learned potential energy; with noise
  am-mechanics            the same without simulation, from the accelerations of curves
  i-cfm, ot-cfm, sb-cfm, sf2m, simulate   flow matching and simulation, to compare with`,
  input: { name: "[file]", description: "CSV, TSV, Parquet, JSON, NPZ or h5ad with a time column; or give --data" },
  options: trajectoriesOptions,
  commands: [inspect],
  metrics: {
    rows: ["loss", "match", "missing", "residual", "acceleration"],
    results: [
      "loss",
      "value.dual",
      "value.error",
      "value.primal",
      "value.lower",
      "value.gap.*",
      "least.lower",
      "least.upper",
      "solverError",
      "price.growth",
      "energy.imbalance",
      "energy.error",
      "energy.friction",
      "heldOut.*.scores.*.w1",
      "heldOut.*.scores.*.w2",
      "heldOut.*.scores.*.mmd",
      "heldOut.*.scores.*.biasedMmd",
      "heldOut.*.scores.*.ownW1",
      "heldOut.*.scores.*.error.*",
      "heldOut.*.scores.*.behind.*",
      "heldOut.*.rivals.*.difference",
      "heldOut.*.rivals.*.error",
      "heldOut.*.floor",
      "heldOut.*.mass",
      "heldOut.*.midpointMass",
      "heldOut.*.paths.*",
      "heldOut.*.time",
      "heldOut.*.unit.own",
      "mass.*.mass",
      "mass.*.effective",
      "mass.*.time",
      "balance.*.z",
      "balance.*.error",
      "balance.*.observed",
      "balance.*.outside",
      "balance.*.predicted",
      "balance.*.time",
      "fit.*.w1",
      "fit.*.copy",
      "fit.*.floor",
      "fit.*.mass",
      "fit.*.time",
      "energy.points.**",
      "fates.**",
      "choice.*.w1",
      "choice.*.error",
      "choice.*.growth",
      "choice.*.noise",
      "choice.*.massError",
      "choice.*.seconds",
      "price.table.*.growth",
      "price.table.*.w1",
      "price.table.*.behind",
      "price.table.*.error",
      "price.table.*.massError",
      "transitions.**",
      "steps",
    ],
  },
  load: loadPopulation,

  async prepare(data, given) {
    const shown = shownFeatures(data, given.show); // a wrong name is told before the training
    const split = splitTimes(data, given.holdOut);
    if (given.auto) checkChoice(given, split);
    else {
      // before seconds are spent on λ
      checkAsked(given, given.method);
      checkCurve(
        given,
        given.method,
        split.train.map((k) => data.snapshots[k].shape[0]),
      );
    }
    checkLineage(data, given);
    checkUntil(given.until, data.times);
    const started = given.start === undefined ? undefined : await readParticles(given.start, data, startOptions(given));
    const question: Question = { data, given, split, shown, started };
    return {
      problem: question,
      source: data,
      label: given.auto ? "choosing a method" : "looking for λ, the price of growth",
      folder: data.name,
      steps: allTrialSteps(question),
      // what is chosen is not what stands in the options by default
      config: given.auto ? { method: undefined, noise: undefined } : {},
      warnings: started?.warnings ?? [],
    };
  },

  parts: trials,
  part: tryOne,

  async decide(finished: readonly Finished<Trial, Tried>[], question) {
    const { data, given, split, shown, started } = question;
    const { price, choice, growth } = await decided(question, finished);
    const options = { ...given, growth, ...choice?.best, steps: given.quick ? Math.min(given.steps, 300) : given.steps };
    const { method, steps } = options;
    const prepared = await preparePopulation(data, options, split);
    if (!given.auto) checkUsed(given, method);
    const { lineage, notes } = lineageOf(data, prepared, given);
    const asked: AskedOf = { base: await densityAsked(options, prepared.clouds[0]), lineage };
    return {
      problem: { data, options, shown, split, choice, price, prepared, asked, started },
      source: data,
      label: `training on ${data.title}`,
      folder: data.name,
      steps,
      config: { ...choice?.best, ...asData(prepared.learn), noise: options.noise },
      warnings: [...prepared.warnings, ...notes],
      divergedHint: `lower --learning-rate${method.startsWith("wlf") ? " or --rate-ratio" : ""}, or look for outliers in the features`,
    };
  },

  learner: async ({ options, split, prepared: { times, clouds, learn, room } }) => ({
    ...(await learner(
      options.method,
      split.train.map((k) => times[k]),
      split.train.map((k) => clouds[k]),
      learn,
    )),
    room,
  }),

  async conclude({ state, history }, { data, options, split, choice, price, prepared, asked, started }, model, { rng }) {
    const { method, threads } = options;
    const trained = { model, push: pusher(model, threads), params: model.average(state) };
    const found = await assess(method, trained, state, data, prepared, split, rng, asked);
    const begun = started && (await moveNew(trained, started, data, prepared, rng.fold("start")));
    const { predictions, mass, value, least, solverError, balance, energy, fates, transitions } = found;
    const warnings = [...found.warnings, ...(begun?.warnings ?? [])];
    const losses = history.flatMap(({ step, loss }) => (loss === undefined ? [] : [{ step, loss }]));
    const loss = losses.at(-1)?.loss;
    const grows = has(method, "growth");
    return {
      ...{ trained, found, begun, losses, warnings },
      title: `Trajectories: ${data.title}`,
      summary: headline(method, data.times.length, predictions),
      numbers: keyNumbers(data, { ...found, loss }, method),
      tables: [
        ...(choice ? [choice.report] : []),
        ...(price?.table.length ? [growthTable(price)] : []),
        ...(predictions.length ? [scoresTable(predictions)] : []),
        ...transitionTables(transitions),
        ...(balance.length ? [balanceTable(balance)] : []),
      ],
      results: {
        ...{ method, steps: options.steps, loss, heldOut: predictions, mass: grows ? mass : undefined },
        ...{ value, least, solverError, balance, energy, fates: fates?.matrix, choice: choice?.table, price, fit: found.fit },
        ...(transitions.length && { transitions: transitionResults(transitions) }),
      },
      text: (took: string) => [
        ...featuresTaken(data, options),
        ...(choice?.text ?? []),
        ...(price ? [growthText(price)] : []),
        ...predictions.flatMap(predictionText),
        ...(grows ? [massText(mass)] : []),
        ...(value ? [valueText(value)] : []),
        ...transitionText(transitions),
        ...(started ? [startText(started, data, prepared)] : []),
        `trained in ${took}${loss === undefined ? "" : `, loss ${formatNumber(loss)}`}`,
      ],
    };
  },

  figures: ({ found, begun, losses }, { data, options, shown, split, prepared }) => [
    ...figuresOf(options.method, data, prepared, split, found, { features: shown, losses }),
    ...(begun ? [populationFigure(data, begun.frames)] : []),
  ],

  async *files({ trained, found, begun }, { data, options, prepared, asked }) {
    yield* filesOf(trained, data, prepared, found, asked.lineage);
    if (begun) yield* populationFiles(data, begun);
    if (!options.animation) return;
    yield { name: "animation.png", content: await moving(animation(data, found.frames, has(options.method, "growth"))) };
  },
});

/** Another population has velocities of its own only where particles of the method have. */
const startOptions = ({ method, velocity, dropMissing, decimal, missing }: Options) => ({
  ...{ dropMissing, decimal, missing },
  ...(velocity !== undefined && descriptionOf(method).family === "mechanics" && { velocity }),
});

/** @throws UserError  for an end that lies within the data */
function checkUntil(until: number | undefined, times: readonly number[]): void {
  const last = times[times.length - 1];
  if (until !== undefined && !(until > last))
    throw new UserError(`--until ${until}: the data reach to ${last} already`, "give a later time, or leave it out");
}

const startText = ({ source, points }: NewParticles, { times }: Population, { units, until }: PreparedPopulation): string =>
  `${points.shape[0]} particles of ${source}, moved from ${times[0]} to ${formatNumber(until === undefined ? times[times.length - 1] : until * units.interval + units.start)}: population.csv`;

const densityAsked = async ({ density, method }: Options, first: Parameters<typeof baseDensity>[2]) =>
  density && (await baseDensity(density, method, first));

/** Settings that are data: programs, such as potentials, stand in the options as text. */
const asData = (settings: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value !== "function" && value !== undefined));

/** The features of a table, where nobody named them. */
const featuresTaken = (data: Population, { features, data: builtIn }: Options): string[] =>
  features === undefined && builtIn === undefined && !data.annotated ? [`features: ${list((data.components ?? data).features, 8)}`] : [];
