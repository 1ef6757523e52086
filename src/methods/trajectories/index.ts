/** `pushforward trajectories`: how a population moves, splits, grows and dies, from unpaired snapshots. */
import type { z } from "zod";
import { loadPopulation } from "../../data/load.ts";
import { type NewParticles, readParticles } from "../../data/new-particles.ts";
import type { Population } from "../../data/population.ts";
import { list } from "../../data/table.ts";
import { UserError } from "../../errors.ts";
import { moving } from "../../lab/animation.ts";
import type { Desk } from "../../lab/life.ts";
import { method } from "../../lab/method.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { formatNumber } from "../../numbers.ts";
import { animation } from "../../transport/figures/animation.ts";
import {
  type AskedOf,
  assess,
  balanceTable,
  baseDensity,
  type Choice,
  checkAsked,
  checkChoice,
  checkCurve,
  checkLineage,
  checkUsed,
  choose,
  figuresOf,
  type GrowthPrice,
  growthFromData,
  growthTable,
  growthText,
  has,
  headline,
  keyNumbers,
  learnDefaults,
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
  type TimeSplit,
  transitionResults,
  transitionTables,
  transitionText,
  valueText,
} from "../../transport/index.ts";
import { descriptionOf } from "../../transport/learning/methods.ts";
import { filesOf, populationFiles } from "./files.ts";
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
  load: loadPopulation,

  async prepare(data, given, desk) {
    const shown = shownFeatures(data, given.show); // a wrong name is told before the training
    const split = splitTimes(data, given.holdOut);
    if (given.auto) checkChoice(given, split);
    else {
      // before seconds are spent on λ, as is the folder
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
    if (given.auto || seeksPrice(given)) await desk.checkFolder(data, undecided(given));
    const price = await priceOf(data, given, split, desk);
    const priced = { ...given, growth: given.growth ?? price?.growth ?? learnDefaults.growth };
    const choice = given.auto ? await chosenMethod(data, priced, split, desk) : undefined;
    const options = { ...priced, ...choice?.best, steps: given.quick ? Math.min(given.steps, 300) : given.steps };
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
      warnings: [...prepared.warnings, ...notes, ...(started?.warnings ?? [])],
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

/** λ from the data, where it is needed and not given. */
const priceOf = async (data: Population, options: Options, split: TimeSplit, desk: Desk): Promise<GrowthPrice | undefined> =>
  seeksPrice(options) ? growthFromData(data, options, split, counted(desk, "looking for λ, the price of growth")) : undefined;

const seeksPrice = ({ growth, auto, method }: Options): boolean => growth === undefined && (auto || has(method, "growth"));

/** Options that `prepare` fills in or takes apart: a run's configuration has them in another form than they were given in. */
const undecided = (options: Options): string[] => [
  ...(seeksPrice(options) ? ["growth"] : []),
  ...(options.auto ? ["method", "path", "noise", "growth"] : []),
  ...(options.quick ? ["steps"] : []),
  ...["cost", "drift", "potential", "interaction"],
];

/** A line of progress that begins with the first count. */
function counted({ progress }: Desk, label: string): (done: number, total: number) => void {
  let line: ReturnType<typeof progress> | undefined;
  return (done, total) => {
    line ??= progress(label, total);
    if (done > 0) line.update(done);
    if (done === total) line.finish();
  };
}

/** Every candidate has a third of the steps. */
function chosenMethod(data: Population, options: Options & { readonly growth: number }, split: TimeSplit, desk: Desk): Promise<Choice> {
  const steps = options.quick ? 100 : Math.max(300, Math.round(options.steps / 3));
  return choose(data, { ...options, steps }, split, counted(desk, "choosing a method"));
}

const densityAsked = async ({ density, method }: Options, first: Parameters<typeof baseDensity>[2]) =>
  density && (await baseDensity(density, method, first));

/** Settings that are data: programs, such as potentials, stand in the options as text. */
const asData = (settings: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value !== "function" && value !== undefined));

/** The features of a table, where nobody named them. */
const featuresTaken = (data: Population, { features, data: builtIn }: Options): string[] =>
  features === undefined && builtIn === undefined && !data.annotated ? [`features: ${list((data.components ?? data).features, 8)}`] : [];
