/** Training of a generative adversarial network: state is plain data; a step moves the discriminator, then the generator, as one program. */
import { item, mapTree, type NdArray, ndarray, type Random, toNumbers } from "../array/index.ts";
import { batchRows, spreadRows } from "../data/batches.ts";
import { applyUpdates, ema, type Optimizer, type State } from "../optim/index.ts";
import { type Arrays, jit, type Tensor, valueAndGrad } from "../tensor/index.ts";
import { discriminatorAccuracy, discriminatorLoss, generatorLoss, gradientPenalty } from "./gan.ts";
import type { GanModel, GanParams } from "./gan-model.ts";
import { energyDistance } from "./likeness.ts";
import type { SamplePart, SampleProblem } from "./problem.ts";

/** How it is trained. */
export interface GanTraining {
  /** Of each network, with a state of its own. */
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  /** Weight of R₁; 0: none. */
  readonly penalty: number;
  /** Memory of the mean of the generator's parameters, which is the result. */
  readonly average: number;
}

/** Parameters, states of the optimizers, the mean generator, and what the last step measured. */
export interface GanState<T = NdArray> {
  /** Steps done, i32. */
  readonly step: T;
  readonly params: object;
  readonly generator: State<T>;
  readonly discriminator: State<T>;
  readonly average: object;
  readonly discriminatorLoss: T;
  readonly generatorLoss: T;
  readonly accuracy: T;
}

/** A training: its first state, its step, and what can be asked of a state. */
export interface GanLearner {
  init(rng: Random): GanState;
  step(
    state: GanState,
    rng: Random,
  ): Promise<{ state: GanState; metrics: Record<"discriminatorLoss" | "generatorLoss" | "accuracy", number> }>;
  /** Energy distance of samples and rows of the validation part, with the same draws at every step. */
  evaluate(state: GanState): Promise<Record<"energyDistance", number>>;
  /** Parameters as they are exported: those of the mean generator. */
  result(state: GanState): Arrays<GanParams>;
  /** Samples of the mean generator, [n, D]. */
  generated(state: GanState, z: NdArray): Promise<NdArray>;
  /** Share of a part's rows, and of as many made samples, that the discriminator tells apart. */
  accuracy(state: GanState, part: SamplePart, most: number): Promise<number>;
}

/** Most rows of the validation part that an evaluation takes. */
const evaluationRows = 1000;

/** Training on the training part. @param stream  orders the rows, and gives evaluations their noise */
export function ganLearner(problem: SampleProblem, model: GanModel, stream: Random, training: GanTraining): GanLearner {
  const { batchSize, penalty, optimizer } = training;
  const { latent } = model.options;
  const rows = batchRows(stream.fold("order"), problem.count("train"), batchSize);
  const mean = ema(training.average, { debias: true });

  const update = (state: GanState<Tensor>, x: Tensor, z: Tensor): GanState<Tensor> => {
    const before = state.params as GanParams; // the params that init made
    const made = model.generate(before.generator, z);
    const judged = (params: object): [Tensor, { loss: Tensor; accuracy: Tensor }] => {
      const [real, fake] = [model.judge(params, x), model.judge(params, made)];
      const loss = discriminatorLoss(real, fake);
      const smooth = penalty > 0 ? loss.add(gradientPenalty((x) => model.judge(params, x), x).mul(penalty / 2)) : loss;
      return [smooth, { loss, accuracy: discriminatorAccuracy(real, fake) }];
    };
    const [[, measured], ofJudge] = valueAndGrad(judged, { aux: true })(before.discriminator);
    const judge = optimizer.update(ofJudge, state.discriminator, before.discriminator);
    const discriminator = applyUpdates(before.discriminator, judge.updates);
    // against the discriminator that has just moved
    const fooled = (params: object): Tensor => generatorLoss(model.judge(discriminator, model.generate(params, z)));
    const [loss, ofMaker] = valueAndGrad(fooled)(before.generator);
    const maker = optimizer.update(ofMaker, state.generator, before.generator);
    const generator = applyUpdates(before.generator, maker.updates);
    return {
      step: state.step.add(1),
      params: { generator, discriminator },
      ...{ generator: maker.state, discriminator: judge.state },
      average: mean.update(state.average as Parameters<typeof mean.update>[0], generator), // what init made of it
      ...{ discriminatorLoss: measured.loss, generatorLoss: loss, accuracy: measured.accuracy },
    };
  };
  const run = jit(update, { reuse: true });
  const generate = jit((params: object, z: Tensor) => model.generate(params, z));
  const judge = jit((params: object, x: Tensor) => model.judge(params, x));
  const result = ({ params, average }: GanState): Arrays<GanParams> => {
    const { weight, average: sums } = average as { weight: NdArray; average: object }; // see `ema`
    const scale = item(weight) > 0 ? 1 / item(weight) : 0;
    const generator = mapTree<object>((a: NdArray<"f32">) => ({ ...a, data: a.data.map((v) => v * scale) }), sums);
    return { generator, discriminator: (params as Arrays<GanParams>).discriminator }; // the params that init made
  };
  const generated = (state: GanState, z: NdArray): Promise<NdArray> => generate(result(state).generator, z);

  return {
    init(rng) {
      const params = model.init(rng.fold("network"));
      const zero = () => ndarray(new Float32Array(1), [], "f32");
      return {
        step: ndarray(new Int32Array(1), [], "i32"),
        params,
        generator: optimizer.init(params.generator),
        discriminator: optimizer.init(params.discriminator),
        average: mean.init(params.generator),
        ...{ discriminatorLoss: zero(), generatorLoss: zero(), accuracy: zero() },
      };
    },
    async step(state, rng) {
      const x = problem.batch("train", rows(item(state.step)));
      const next = await run(state, x, rng.normal([batchSize, latent]));
      const { discriminatorLoss, generatorLoss, accuracy } = next;
      return {
        state: next,
        metrics: { discriminatorLoss: item(discriminatorLoss), generatorLoss: item(generatorLoss), accuracy: item(accuracy) },
      };
    },
    async evaluate(state) {
      const all = problem.count("validation");
      const count = Math.min(evaluationRows, all);
      const samples = await generated(state, stream.fold("evaluation").normal([count, latent]));
      const { mean } = await energyDistance(samples, problem.batch("validation", spreadRows(0, count, count, all)));
      return { energyDistance: mean };
    },
    result,
    generated,
    async accuracy(state, part, most) {
      const count = Math.min(most, problem.count(part));
      const { discriminator } = result(state);
      const real = await judge(discriminator, problem.batch(part, spreadRows(0, count, count, problem.count(part))));
      const fake = await judge(discriminator, await generated(state, stream.fold("accuracy").normal([count, latent])));
      const share = (values: NdArray, right: (v: number) => boolean): number => toNumbers(values).filter(right).length / count;
      return (share(real, (v) => v > 0) + share(fake, (v) => v < 0)) / 2;
    },
  };
}
