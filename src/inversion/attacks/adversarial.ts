/** Two networks against each other, on rows: what attacks that learn a generator for their target have in common. */
import { item, mapTree, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type Dense, dense, initializers, type Mlp, mlp } from "../../nn/index.ts";
import { applyUpdates, type Optimizer, type State } from "../../optim/index.ts";
import { concat, constant, jit, maximum, sigmoid, type Tensor, take, valueAndGrad } from "../../tensor/index.ts";

/** Codes and what is made of them: plausible rows, of a class where the generator was told of classes. */
export interface LearnedPrior {
  readonly name: string;
  /** Numbers in z ~ N(0, I). */
  readonly latent: number;
  /** z [n, d], classes [n] (i32) where it takes them -> rows [n, D] in the units of the data. */
  readonly generate: (z: Tensor, y?: Tensor) => Tensor;
}

/** Inputs [J, n, D] of each of J classes. @param watch  told of every step */
export type OfClasses = (classes: readonly number[], n: number, rng: Random, watch?: () => void) => Promise<NdArray<"f32">>;

/** Sizes of the networks of rows. */
export interface AdversarialSizes {
  readonly latent: number;
  /** Numbers of a row. */
  readonly size: number;
  /** Rows are pixels in [0, 1]; otherwise they may be any numbers. */
  readonly isImage: boolean;
  /** Of hidden layers, two in each network. */
  readonly width: number;
}

/** Of a generator; `classes` [K, E] are what it is told of each class. */
export interface MakerParams<T = Tensor> {
  readonly layers: Mlp<T>;
  readonly classes?: T;
}

/** Features φ(x), and a dense layer on them; `classes` [K, F] are directions of the classes among the features. */
export interface CriticParams<T = Tensor> {
  readonly layers: Mlp<T>;
  readonly head: Dense<T>;
  readonly classes?: T;
}

/** Parameters of both networks. */
export interface Players<T = Tensor> {
  readonly generator: MakerParams<T>;
  readonly discriminator: CriticParams<T>;
}

const leaky = (x: Tensor): Tensor => maximum(x, x.mul(0.2));
const he = { initializer: initializers.heNormal };

/** Generators: rows from codes, and from what is told of the class. */
export const maker = {
  init(
    rng: Random,
    { size, width, latent }: AdversarialSizes,
    classes?: { readonly count: number; readonly told: number },
  ): MakerParams<NdArray> {
    const [layers, table] = rng.split(2);
    const inputs = latent + (classes?.told ?? 0);
    return {
      layers: mlp.init(layers, [inputs, width, width, size], he),
      ...(classes ? { classes: table.normal([classes.count, classes.told]) } : {}),
    };
  },
  apply({ layers, classes }: MakerParams, z: Tensor, y: Tensor | undefined, { isImage }: AdversarialSizes): Tensor {
    const told = classes && y ? concat([z, take(classes, y)], 1) : z;
    const x = mlp.apply(layers, told, "relu");
    return isImage ? sigmoid(x) : x;
  },
};

/** Discriminators. */
export const critic = {
  init(rng: Random, { size, width }: AdversarialSizes, outputs: number): CriticParams<NdArray> {
    const [layers, head] = rng.split(2);
    return { layers: mlp.init(layers, [size, width, width], he), head: dense.init(head, width, outputs) };
  },
  features: ({ layers }: CriticParams, x: Tensor, { isImage }: AdversarialSizes): Tensor =>
    leaky(mlp.apply(layers, isImage ? x.mul(2).sub(1) : x, leaky)),
};

/** What a step is fed, by name. */
type Feed<T = Tensor> = Readonly<Record<string, T>>;

/** What the two play for. */
export interface Game {
  init(rng: Random): Players<NdArray>;
  batch(step: number, rng: Random): Feed<NdArray>;
  discriminatorLoss(players: Players, batch: Feed): Tensor;
  generatorLoss(players: Players, batch: Feed): Tensor;
}

export interface GameState<T = NdArray> {
  /** Steps done, i32. */
  readonly step: T;
  readonly players: Players<T>;
  readonly ofGenerator: State<T>;
  readonly ofDiscriminator: State<T>;
  readonly generatorLoss: T;
  readonly discriminatorLoss: T;
}

/** A training of both. */
export interface GameLearner {
  init(rng: Random): GameState;
  step(state: GameState, rng: Random): Promise<{ state: GameState; metrics: Record<"generatorLoss" | "discriminatorLoss", number> }>;
}

/** A step moves the discriminator, then the generator against the one that has just moved, as one program. */
export function gameLearner(game: Game, optimizer: Optimizer): GameLearner {
  const update = jit((state: GameState<Tensor>, batch: Feed): GameState<Tensor> => {
    const { generator, discriminator } = state.players;
    const [discriminatorLoss, down] = valueAndGrad((d: CriticParams) => game.discriminatorLoss({ generator, discriminator: d }, batch))(
      discriminator,
    );
    const judge = optimizer.update(down, state.ofDiscriminator, discriminator);
    const sharper = applyUpdates(discriminator, judge.updates);
    const [generatorLoss, slope] = valueAndGrad((g: MakerParams) => game.generatorLoss({ generator: g, discriminator: sharper }, batch))(
      generator,
    );
    const made = optimizer.update(slope, state.ofGenerator, generator);
    return {
      step: state.step.add(1),
      players: { generator: applyUpdates(generator, made.updates), discriminator: sharper },
      ...{ ofGenerator: made.state, ofDiscriminator: judge.state, generatorLoss, discriminatorLoss },
    };
  });
  return {
    init(rng) {
      const players = game.init(rng.fold("players"));
      const zero = (): NdArray => ndarray(new Float32Array(1), [], "f32");
      return {
        step: ndarray(new Int32Array(1), [], "i32"),
        players,
        ofGenerator: optimizer.init(players.generator),
        ofDiscriminator: optimizer.init(players.discriminator),
        ...{ generatorLoss: zero(), discriminatorLoss: zero() },
      };
    },
    async step(state, rng) {
      const next = await update(state, game.batch(item(state.step), rng));
      const metrics = { generatorLoss: item(next.generatorLoss), discriminatorLoss: item(next.discriminatorLoss) };
      if (!(Number.isFinite(metrics.generatorLoss) && Number.isFinite(metrics.discriminatorLoss)))
        throw new UserError(`step ${item(next.step)}: a loss of the two networks is not finite`, "lower the learning rate");
      return { state: next, metrics };
    },
  };
}

/** A generator's parameters copied and made constants, for programs that do not train them. */
export function frozenPlayers(players: Players<NdArray>): () => Players {
  const copy = mapTree<Players<NdArray>>((a: NdArray) => ({ ...a, data: a.data.slice() }), players);
  return () => mapTree<Players>((a: NdArray) => constant(a), copy);
}

/** Steps of a game from its start. @param watch  told of every step */
export async function play(learner: GameLearner, steps: number, rng: Random, watch = (): void => {}): Promise<GameState> {
  let state = learner.init(rng.fold("init"));
  for (let step = 0; step < steps; step++) {
    ({ state } = await learner.step(state, rng.fold(step)));
    watch();
  }
  return state;
}
