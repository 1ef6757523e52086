/** `pushforward audit posterior`: one variational posterior over the codes of a class. */
import { z } from "zod";
import { writeNpz } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { fitFigure } from "../../inversion/figures/fit.ts";
import { drawInputs, familyOf, fitting, type Inversion, leastEss, type PosteriorScore, scorePosteriors } from "../../inversion/index.ts";
import { method } from "../../lab/method.ts";
import { formatNumber } from "../../numbers.ts";
import { sheet } from "../../plots/index.ts";
import { classNamed, isPicture, loadClassifier, loadPrior } from "./models.ts";
import { familyOptions, modelOptions } from "./options.ts";

const options = z.object({
  ...modelOptions,
  ...familyOptions,
  class: z.string().describe("the class, by name or by number from 0"),
  gamma: z
    .number()
    .min(0)
    .default(0.1)
    .describe("temper γ: 1 is the posterior of Bayes, small values are for accuracy, large ones for diversity"),
  draws: z
    .int()
    .min(2)
    .max(1_000_000)
    .default(512)
    .describe("draws a step (codes of up to three numbers need none with --family gaussian, diagonal or mixture)"),
  steps: z.int().min(1).max(10_000_000).default(20_000).describe("most steps: the fit stops by itself when the objective no longer falls"),
  lr: z.number().positive().optional().describe("first rate of Adam (default: by the family)"),
  candidates: z.int().min(0).max(10_000_000).default(2000).describe("draws of the prior that show where to begin; 0: begin at the prior"),
  evaluate: z.int().min(100).max(10_000_000).default(20_000).describe("fresh draws on which the result is measured"),
  samples: z.int().min(1).max(1_000_000).default(200).describe("draws that are written"),
});

/** Steps between two looks at whether the objective still falls: long, for its noise must not hide a slow fall. */
const window = 200;

interface Problem extends Omit<z.infer<typeof options>, "class"> {
  readonly inversion: Inversion;
  readonly title: string;
}

export const posterior = method({
  name: "audit posterior",
  summary: "fit one posterior over the inputs of a class, and say how good it is",
  description:
    "fit q(z) to p(z) p(y|G(z))^(1/γ) for one class y of a classifier: objective, KL, and how far q is from the best distribution; no private data needed",
  examples: [
    "pushforward audit posterior --model classifier.onnx --class 0 --gamma 0.1",
    "pushforward audit posterior --model classifier.onnx --generator decoder.onnx --class seven --family flow --gamma 0.03 --seed 1",
  ],
  notes:
    "The objective is E[-log p(y|G(z))] + γ KL(q ‖ N(0, I)), in nats, on fresh draws. The gap estimates KL(q ‖ q*) to the distribution that is best; it is known " +
    "only where importance weights amount to a tenth of the draws or more (ess).",
  input: { name: "[model.onnx]", description: "the classifier, as --model" },
  options,
  metrics: {
    rows: ["loss", "nll", "kl", "accuracy", "rate"],
    results: ["loss", "nll", "kl", "gap", "ess", "accuracy", "lossError", "outside", "steps"],
  },

  async load(input, given) {
    if (given.data !== undefined) throw new UserError("audit posterior has no built-in data", "give a classifier with --model");
    if (input !== undefined && given.model !== undefined && input !== given.model)
      throw new UserError(`two classifiers: ${input} and --model ${given.model}`, "give one");
    const models = { ...given, model: given.model ?? input };
    const classifier = await loadClassifier(models);
    return { classifier, ...(await loadPrior(models, classifier)) };
  },

  async prepare({ classifier, prior, notes }, given, { rng }) {
    const target = classNamed(given.class, classifier);
    const { family: name, gamma, quick } = given;
    const family = familyOf(name, prior.latent, rng.fold("permutations"), given);
    if (family.components > 1 && prior.layers > 1)
      throw new UserError(
        "--family mixture is for generators of one code, not for layers of a style generator",
        "take --family gaussian or flow",
      );
    const title = `class ${classifier.classes[target]} of ${classifier.name}`;
    const problem: Problem = {
      ...given,
      ...(quick && { draws: Math.min(given.draws, 128), evaluate: Math.min(given.evaluate, 2000), steps: Math.min(given.steps, 500) }),
      ...{ inversion: { family, prior, classifier, goals: [{ target, gamma }], sharedNoise: given.layerNoise === "shared" }, title },
    };
    return {
      problem,
      source: { name: classifier.name.replace(/^.*[\\/]/, ""), title, source: classifier.name },
      label: `fitting ${name}, γ = ${formatNumber(gamma)}`,
      folder: `posterior-${classifier.name.replace(/^.*[\\/]/, "")}`,
      steps: problem.steps,
      config: { latent: prior.latent, layers: prior.layers, draws: problem.draws, evaluate: problem.evaluate },
      warnings: [
        ...notes,
        ...(name === "flow" && family.name !== name
          ? ["codes of one number: a coupling layer has nothing to look at, and the flow is a Gaussian (--family planar bends it)"]
          : []),
        ...(gamma === 0
          ? ["γ = 0: nothing keeps q together with the prior: it collapses where the classifier is surest, and KL grows without bound"]
          : []),
        ...(quick ? ["--quick: few draws and steps"] : []),
      ],
      divergedHint: "lower --lr, or take --family gaussian",
    };
  },

  learner: ({ inversion, draws, lr, candidates }) => fitting(inversion, { draws, rate: lr, candidates, window }),

  async conclude({ state, history, steps }, problem, learner, { rng }) {
    const { inversion, evaluate, samples, title, gamma } = problem;
    const params = learner.result(state);
    const [score] = await scorePosteriors(inversion, params, evaluate, rng.fold("evaluation"));
    const drawn = await drawInputs(inversion, params, samples, rng.fold("samples"));
    const { loss, nll, kl, gap, ess, accuracy } = score;
    const converged = learner.done(state);
    return {
      ...{ history, drawn },
      title: `Posterior of ${title}`,
      summary: `L = ${formatNumber(loss)} nats at γ = ${formatNumber(gamma)}: draws are taken for the class with a share of ${formatNumber(accuracy)}, at ${formatNumber(kl)} nats from the prior.`,
      numbers: keyNumbers(score),
      warnings: cautions(score, problem, converged, steps),
      results: {
        loss,
        nll,
        kl,
        gap: finite(gap),
        ess: finite(ess),
        accuracy,
        lossError: score.lossError,
        outside: score.outside,
        steps,
        converged,
      },
      text: (took: string) => [
        `L = ${loss.toFixed(5)} nats = ${nll.toFixed(5)} + ${formatNumber(gamma)} x ${kl.toFixed(5)}`,
        gamma > 0 && Number.isFinite(gap)
          ? `gap to the best distribution: ${ess < leastEss ? "unknown" : `${gap.toFixed(4)} nats`} (importance weights amount to ${(100 * ess).toFixed(1)} % of the draws)`
          : gamma > 0
            ? "no gap: layers that share their noise have no density"
            : "no gap: at γ = 0 the best distribution is a point",
        `taken for the class: ${(100 * accuracy).toFixed(1)} % of the draws; ${steps} steps in ${took}`,
      ],
    };
  },

  async figures({ history, drawn }, { inversion }) {
    const { classifier } = inversion;
    const course = fitFigure(history);
    if (!isPicture(classifier)) return [course];
    const shown = Math.min(48, drawn.inputs.shape[1]);
    const images = drawn.inputs.data.slice(0, shown * drawn.inputs.shape[2]);
    const words = { name: "samples", title: "Draws", caption: "Inputs G(z) for draws z of q." };
    return [{ ...words, svg: await sheet(images, classifier.input, 12) }, course];
  },
  files: ({ drawn }) => [{ name: "samples.npz", content: writeNpz({ x: drawn.inputs, z: drawn.codes }) }],
});

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const keyNumbers = ({ loss, lossError, nll, kl, gap, ess, accuracy, outside }: PosteriorScore) => [
  { name: "L", value: loss, error: lossError > 0 ? lossError : undefined, note: "nats, E[-log p(y|x)] + γ KL" },
  { name: "E[-log p(y|x)]", value: nll, note: "nats" },
  { name: "KL(q ‖ prior)", value: kl, note: `nats, ${formatNumber(kl / Math.LN2)} bits: what q knows of the class beyond the prior` },
  { name: "gap", value: gap, note: "nats, estimate of KL(q ‖ q*)" },
  { name: "ess", value: ess, note: `share of the draws that the gap's weights amount to; below ${leastEss} the gap is not known` },
  { name: "accuracy", value: accuracy, note: "share of draws taken for the class" },
  ...(outside > 0 ? [{ name: "cut", value: outside, note: "share of pixels outside the range of the data" }] : []),
];

/** Pixels of which more than this are cut: the generator is used far from where it was trained. */
const mostOutside = 0.2;

function cautions({ ess, outside, kl }: PosteriorScore, { gamma, steps: most }: Problem, converged: boolean, steps: number): string[] {
  return [
    ...(converged ? [] : [`not converged after ${steps} of at most ${most} steps: the objective still falls (raise --steps)`]),
    ...(gamma > 0 && ess < leastEss
      ? [
          `the gap is unknown: importance weights amount to ${formatNumber(100 * ess)} % of the draws, less than ${100 * leastEss} % (try --family mixture or flow)`,
        ]
      : []),
    ...(outside > mostOutside ? [`${formatNumber(100 * outside)} % of the pixels lie outside the data's range: --generator-range?`] : []),
    ...(kl > 1e3 ? [`KL of ${formatNumber(kl)} nats: q has left the prior`] : []),
  ];
}
