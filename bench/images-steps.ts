/** What `bench/images.ts` takes the time of: steps of action matching and flow matching on pictures, with a U-Net. The ports are in bench/peers. */
import { flatten, isArrayLeaf, mapTree, type NdArray, ndarray, randomStream } from "../src/array/index.ts";
import { type Unet, unet } from "../src/nn/index.ts";
import { type AdamState, adam, applyUpdates, type EmaState, ema } from "../src/optim/index.ts";
import { grad, type Tensor, valueAndGrad } from "../src/tensor/index.ts";

/** A network and a batch. */
export interface Size {
  readonly side: number;
  readonly pictures: number;
  readonly colours: number;
  readonly channels: readonly number[];
  /** Resolutions with attention. */
  readonly attention?: readonly number[];
}

export const sizes: Readonly<Record<string, Size>> = {
  small: { side: 28, colours: 1, pictures: 64, channels: [32, 64, 64] },
  wide: { side: 28, colours: 1, pictures: 32, channels: [64, 128, 128] },
  colour: { side: 32, colours: 3, pictures: 64, channels: [32, 64, 64] },
  attention: { side: 28, colours: 1, pictures: 64, channels: [32, 64, 64], attention: [2] },
};

const rng = randomStream("images");

/** Parameters away from their start, where the last layer is zero. */
export function parametersOf(name: string): Unet<NdArray> {
  const { colours, channels, attention } = sizes[name];
  const stream = rng.fold(name);
  return mapTree<Unet<NdArray>>(
    (p: NdArray<"f32">) => {
      const noise = stream.normal(p.shape).data;
      return { ...p, data: p.data.map((v, i) => v + 0.02 * noise[i]) };
    },
    unet.init(stream.fold("init"), colours, colours, { channels, attention }),
  );
}

/** Pictures between noise and data, their velocities, times and weights. */
export interface Batch<T = Tensor> {
  readonly x: T;
  readonly v: T;
  readonly time: T;
  readonly weight: T;
}

export function batchOf(name: string): Batch<NdArray> {
  const { side, pictures, colours } = sizes[name];
  const stream = rng.fold(name).fold("batch");
  const time = stream.uniform([pictures]);
  return {
    x: stream.normal([pictures, colours, side, side]),
    v: stream.normal([pictures, colours, side, side]),
    time,
    weight: ndarray(
      time.data.map((t) => 1 - t),
      time.shape,
      "f32",
    ),
  };
}

/** ∇s of s(t, x) = <x, h(t, x)>. */
export const velocity = (params: Unet, x: Tensor, time: Tensor): Tensor => grad((z: Tensor) => z.mul(unet.apply(params, z, time)).sum())(x);

const perPicture = (y: Tensor): Tensor => y.reshape([y.shape[0], -1]).sum(-1);

/** Mean over pictures of w (½|∇s|² - <∇s, v>), and of w |h - v|². */
export const losses = {
  action(params: Unet, { x, v, time, weight }: Batch): Tensor {
    const g = velocity(params, x, time);
    return perPicture(g.square().mul(0.5).sub(g.mul(v)))
      .mul(weight)
      .mean();
  },
  flow: (params: Unet, { x, v, time, weight }: Batch): Tensor =>
    perPicture(unet.apply(params, x, time).sub(v).square())
      .mul(weight)
      .mean(),
};

const optimizer = adam(1e-4);
const average = ema(0.999);

export interface Learned<T = Tensor> {
  readonly params: Unet<T>;
  readonly optimizer: AdamState<T>;
  readonly average: EmaState<T>;
}

export const begin = (params: Unet<NdArray>): Learned<NdArray> => ({
  params,
  optimizer: optimizer.init(params) as AdamState<NdArray>,
  average: average.init(params),
});

/** Loss, its gradient, Adam, and the moving average. */
export const trainingStep = (kind: keyof typeof losses) => (state: Learned, batch: Batch) => {
  const [loss, grads] = valueAndGrad((p: Unet) => losses[kind](p, batch))(state.params);
  const { updates, state: next } = optimizer.update(grads, state.optimizer, state.params);
  const params = applyUpdates(state.params, updates);
  return { loss, state: { params, optimizer: next, average: average.update(state.average, params) } };
};

/** The loss and the norm of its gradient, for the comparison of what is computed. */
export const check = (kind: keyof typeof losses) => (params: Unet, batch: Batch) => {
  const [loss, grads] = valueAndGrad((p: Unet) => losses[kind](p, batch))(params);
  const { leaves } = flatten(grads, isArrayLeaf as (x: unknown) => x is Tensor);
  const squares = leaves.map((g) => g.square().sum()).reduce((a, b) => a.add(b));
  return { loss, norm: squares.sqrt() };
};
