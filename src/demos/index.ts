/** Every demo by name, with what is said of it. Its code is loaded when it is asked for. */
import type { Registered } from "./demo.ts";

export const demos: Readonly<Record<string, Registered>> = {
  transport: {
    title: "Particles learn to move",
    about:
      "Draw two or three clouds. A network learns the velocity that carries the first into the last at the least cost, and particles follow what it has learned so far. Try noise, growth, an obstacle on the way, or particles that repel each other.",
    load: async () => (await import("./transport/index.ts")).transport,
  },
  annealing: {
    title: "The annealing ladder",
    about:
      "Chains walk from the prior to a posterior through intermediate temperatures, and back from exact draws. Each way gives a bound on the log likelihood log p(x), one from below and one from above; with every doubling of the temperatures they close on the exact value. Try one chain, or a posterior of four islands.",
    load: async () => (await import("./annealing/index.ts")).annealing,
  },
  steering: {
    title: "Steer a language model",
    about:
      "The small language model of the package goes on with your words, and the score asks for kind ones: φ = sigmoid(β (AFINN - 2)). Each run is a population of texts; the bad ones die out. The bounds say how far the sampler is from the texts that it should write. The model knows words and phrases, and no sense.",
    load: async () => (await import("./steering.ts")).steering,
  },
  molecules: {
    title: "Electrons find their ground state",
    about:
      "Walkers are places of all electrons, drawn from the square of a wave function. Three flows bring it to the ground state: W carries walkers downhill, FR reweights them, WFR does both. Watch which one is there first, and how the variance of the energy dies away.",
    load: async () => (await import("./molecules/index.ts")).molecules,
  },
  hypernetwork: {
    title: "A quantum hypernetwork",
    about:
      "Every string of bits that the circuit yields is a whole network with weights of ±1. While the angles of the circuit learn, probability moves to networks that tell two classes apart. Try no layers (independent bits) against two, and see how little a classical search needs for the same.",
    load: async () => (await import("./hypernetwork.ts")).hypernetwork,
  },
  optimizers: {
    title: "A race of optimizers",
    about:
      "Six optimizers train the same network on the same batches from the same first parameters. Losses by step and by time do not rank them alike, and another seed may rank them otherwise: several seeds give errors. Try the optimizers' own learning rates.",
    load: async () => (await import("./optimizers/index.ts")).optimizers,
  },
  graph: {
    title: "Make a graph small",
    about:
      "Random edge coding stores a graph without an order of its edges, which saves log2 of all orders. Drop an edge list, or take one that is made here: the smallest of three models is taken, sizes stand beside those of general compressors, and the file is decoded again and compared.",
    load: async () => (await import("./graph.ts")).graph,
  },
  inversion: {
    title: "What does a classifier give away?",
    about:
      "A classifier is trained on private digits, 5 to 9. An attacker who has only the classifier, and public digits from 0 to 4, looks for codes that it takes for each class. Pictures are blurred until you ask. Compare γ = 1 with γ = 0.001, and a defence with none.",
    load: async () => (await import("./inversion.ts")).inversion,
  },
};
