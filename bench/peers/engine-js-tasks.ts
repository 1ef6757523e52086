/** The engine benchmark's tasks in jax-js (jit, WebAssembly) and in TensorFlow.js (eager, WebAssembly); in Node and in a page. */

/** What both libraries' arrays have in common. */
interface Ops<A> {
  readonly shape: number[];
  add(other: A | number): A;
  sub(other: A | number): A;
  mul(other: A | number): A;
  div(other: A | number): A;
  neg(): A;
  reshape(shape: number[]): A;
  transpose(order?: number[]): A;
  dispose(): void;
}
type Named<A> = Record<string, A>;
/** One step; resolves when its results are computed. */
export type Step = () => Promise<void>;
export type Library = Record<string, () => Step>;

interface Host {
  readonly shape: number[];
  readonly data: Float32Array | Int32Array;
}

let seed = 1;
const uniform = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed + 0.5) / 2 ** 32;
};
const filled = (shape: number[], value: () => number): Host => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value),
});
const normal = (shape: number[], scale = 1): Host =>
  filled(shape, () => scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
const constant = (n: number, value: number): Host => filled([n], () => value);
const labels = (n: number): Host => ({ shape: [n], data: Int32Array.from({ length: n }, (_, i) => i % 10) });

function weights(sizes: readonly number[]): Named<Host> {
  const p: Named<Host> = {};
  for (let i = 0; i + 1 < sizes.length; i++) {
    p[`w${i}`] = normal([sizes[i], sizes[i + 1]], 1 / Math.sqrt(sizes[i]));
    p[`b${i}`] = constant(sizes[i + 1], 0);
  }
  return p;
}

function transformerWeights(): Named<Host> {
  const d = 128;
  const p: Named<Host> = {};
  for (const k of ["wq", "wk", "wv", "wo"]) p[k] = normal([d, d], d ** -0.5);
  p.w0 = normal([d, 4 * d], d ** -0.5);
  p.b0 = constant(4 * d, 0);
  p.w1 = normal([4 * d, d], 0.5 * d ** -0.5);
  p.b1 = constant(d, 0);
  for (const i of [0, 1]) Object.assign(p, { [`g${i}`]: constant(d, 1), [`o${i}`]: constant(d, 0) });
  return p;
}

const convWeights = (): Named<Host> => ({
  k0: normal([16, 1, 3, 3], 1 / 3),
  c0: constant(16, 0),
  k1: normal([32, 16, 3, 3], 1 / 12),
  c1: constant(32, 0),
  w: normal([1568, 10], 0.02),
  b: constant(10, 0),
});

// jax-js: a function owns its arguments, and `ref` keeps an array for one more use.

interface JaxArray extends Ops<JaxArray> {
  readonly ref: JaxArray;
  sum(axis?: number): JaxArray;
  mean(): JaxArray;
}
type JaxTree = JaxArray | JaxTree[] | { [key: string]: JaxTree };
type JaxFunction = (...args: JaxArray[]) => JaxArray;
type JaxLoss = (p: Named<JaxArray>, ...data: JaxArray[]) => JaxArray;
export interface Jax {
  numpy: Record<"matmul" | "square" | "sqrt" | "tanh", JaxFunction> & {
    array(data: Host["data"] | number[], options?: { shape: number[] }): JaxArray;
    eye(n: number): JaxArray;
    zeros(shape: number[]): JaxArray;
    power(base: number, exponent: JaxArray): JaxArray;
    broadcastTo(a: JaxArray, shape: number[]): JaxArray;
    max(a: JaxArray): JaxArray;
  };
  nn: Record<"silu" | "relu" | "softmax" | "logSoftmax" | "standardize", JaxFunction> & {
    gelu(a: JaxArray, options: { approximate: boolean }): JaxArray;
    oneHot(a: JaxArray, classes: number): JaxArray;
  };
  lax: {
    conv(a: JaxArray, kernel: JaxArray, strides: number[], padding: "SAME"): JaxArray;
    reduceWindow(a: JaxArray, f: JaxFunction, window: number[], strides: number[]): JaxArray;
  };
  tree: {
    map<T>(f: JaxFunction, tree: T, ...others: T[]): T;
    ref<T>(tree: T): T;
    dispose(tree: JaxTree): void;
  };
  init(device: "wasm"): Promise<unknown>;
  defaultDevice(device: "wasm"): unknown;
  linearize(f: JaxFunction, at: JaxArray[]): [JaxArray, JaxFunction & { dispose(): void }];
  valueAndGrad(f: JaxLoss): (p: Named<JaxArray>, ...data: JaxArray[]) => [JaxArray, Named<JaxArray>];
  jit<F>(f: F): F;
  blockUntilReady(tree: JaxTree): Promise<unknown>;
}

export async function jaxTasks(jax: Jax): Promise<Library> {
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { numpy: np, nn, lax, tree } = jax;

  const put = ({ data, shape }: Host): JaxArray => np.array(data, { shape });
  const putAll = (p: Named<Host>): Named<JaxArray> => Object.fromEntries(Object.entries(p).map(([k, a]) => [k, put(a)]));

  /** A step that feeds its first result back as its first argument. */
  function fed<S extends JaxTree>(f: (state: S, ...data: JaxArray[]) => [S, JaxArray], state: S, ...hosts: Host[]): Step {
    const data = hosts.map(put);
    const compiled = jax.jit(f);
    return async () => {
      const [next, value] = compiled(state, ...data.map((a) => a.ref));
      await jax.blockUntilReady([next, value]);
      value.dispose();
      state = next;
    };
  }
  /** A step that is the same every time. */
  function same<A extends JaxTree[]>(f: (...args: A) => JaxTree, ...args: A): Step {
    const compiled = jax.jit(f);
    return async () => {
      const result = compiled(...(args.map((a) => tree.ref(a)) as A));
      await jax.blockUntilReady(result);
      tree.dispose(result);
    };
  }

  const mlp = (activation: JaxFunction) => (p: Named<JaxArray>, x: JaxArray) => {
    for (let i = 0; i < 3; i++) {
      x = np.matmul(x, p[`w${i}`]).add(p[`b${i}`]);
      if (i < 2) x = activation(x);
    }
    return x;
  };
  const small = mlp(nn.silu);
  const big = mlp(nn.relu);
  const gradientStep =
    (loss: JaxLoss) =>
    (p: Named<JaxArray>, ...data: JaxArray[]): [Named<JaxArray>, JaxArray] => {
      const [value, g] = jax.valueAndGrad(loss)(tree.ref(p), ...data);
      return [tree.map((a, b) => a.sub(b.mul(1e-3)), p, g), value];
    };
  const crossEntropy = (logits: JaxArray, y: JaxArray): JaxArray => nn.oneHot(y, 10).mul(nn.logSoftmax(logits)).sum(1).mean().neg();
  /** Two columns of the linear map: a gradient of a gradient leaves terms out in version 0.1.25. */
  const squaredGradient: JaxLoss = (p, x) => {
    const [value, push] = jax.linearize((z: JaxArray) => small(tree.ref(p), z), [x.ref]);
    const column = (e: number[]) => np.square(push(np.broadcastTo(np.array(e), x.shape))).mean();
    const sum = column([1, 0]).add(column([0, 1]));
    push.dispose();
    for (const a of [value, x, p]) tree.dispose(a);
    return sum;
  };

  type Adam = { p: Named<JaxArray>; m: Named<JaxArray>; v: Named<JaxArray>; t: JaxArray };
  function adamStep(state: Adam, x: JaxArray, y: JaxArray): [Adam, JaxArray] {
    const [value, g] = jax.valueAndGrad((p, x, y) => crossEntropy(big(p, x), y))(tree.ref(state.p), x, y);
    const t = state.t.add(1);
    const correction = np.power(0.9, t.ref).neg().add(1);
    const rate = np.sqrt(np.power(0.999, t.ref).neg().add(1)).mul(1e-3).div(correction);
    const m = tree.map((m, g) => m.ref.add(g.sub(m).mul(0.1)), state.m, tree.ref(g));
    const v = tree.map((v, g) => v.ref.add(np.square(g).sub(v).mul(0.001)), state.v, g);
    const change = (p: JaxArray, m: JaxArray, v: JaxArray) => p.sub(rate.ref.mul(m).div(np.sqrt(v).add(1e-8)));
    const p = tree.map(change, state.p, tree.ref(m), tree.ref(v));
    rate.dispose();
    return [{ p, m, v, t }, value];
  }

  function convNet(p: Named<JaxArray>, x: JaxArray): JaxArray {
    const pool = (h: JaxArray) => lax.reduceWindow(h, np.max, [2, 2], [2, 2]);
    let h = pool(nn.relu(lax.conv(x, p.k0, [1, 1], "SAME").add(p.c0.reshape([1, 16, 1, 1]))));
    h = pool(nn.relu(lax.conv(h, p.k1, [1, 1], "SAME").add(p.c1.reshape([1, 32, 1, 1]))));
    return np.matmul(h.reshape([h.shape[0], -1]), p.w).add(p.b);
  }

  function block(p: Named<JaxArray>, x: JaxArray): JaxArray {
    const [batch, tokens, width] = x.shape;
    const heads = 4;
    const split = (h: JaxArray) => h.reshape([batch, tokens, heads, width / heads]).transpose([0, 2, 1, 3]);
    const norm = (h: JaxArray, i: number) => nn.standardize(h).mul(p[`g${i}`]).add(p[`o${i}`]);
    const h = norm(x.ref, 0);
    const [q, k, v] = [p.wq, p.wk, p.wv].map((w) => split(np.matmul(h.ref, w)));
    h.dispose();
    const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).div(Math.sqrt(width / heads));
    const mixed = np.matmul(nn.softmax(scores), v).transpose([0, 2, 1, 3]).reshape([batch, tokens, width]);
    const y = x.add(np.matmul(mixed, p.wo));
    const inner = nn.gelu(np.matmul(norm(y.ref, 1), p.w0).add(p.b0), { approximate: false });
    return y.add(np.matmul(inner, p.w1).add(p.b1));
  }

  /** Forward Laplacian written by hand: value, Jacobian channels [12, rows, width], Laplacian. */
  function laplacian(p: Named<JaxArray>, x: JaxArray): JaxTree {
    const [rows, n] = x.shape;
    let v = x;
    let j = np.broadcastTo(np.eye(n).reshape([n, 1, n]), [n, rows, n]);
    let l = np.zeros([rows, n]);
    for (let i = 0; i < 3; i++) {
      const w = p[`w${i}`];
      v = np.matmul(v, w.ref).add(p[`b${i}`]);
      j = np.matmul(j, w.ref);
      l = np.matmul(l, w);
      if (i === 2) break;
      v = np.tanh(v);
      const d1 = np.square(v.ref).neg().add(1);
      const curved = v.ref.mul(2).mul(d1.ref).mul(np.square(j.ref).sum(0));
      l = d1.ref.mul(l).sub(curved);
      j = d1.mul(j);
    }
    return [v.reshape([rows]), j.reshape([n, rows]).transpose(), l.reshape([rows])];
  }

  const zeros = (p: Named<Host>) => putAll(Object.fromEntries(Object.entries(p).map(([k, a]) => [k, filled(a.shape, () => 0)])));
  return {
    T1: () => {
      const step = gradientStep((p, x, y) => np.square(small(p, x).sub(y)).mean());
      return fed(step, putAll(weights([2, 64, 64, 1])), normal([256, 2]), normal([256, 1]));
    },
    T2: () => fed(gradientStep(squaredGradient), putAll(weights([2, 64, 64, 1])), normal([256, 2])),
    T2w: () => fed(gradientStep(squaredGradient), putAll(weights([2, 256, 256, 1])), normal([256, 2])),
    T3: () => {
      const p = weights([784, 512, 512, 10]);
      const state = { p: putAll(p), m: zeros(p), v: zeros(p), t: np.zeros([]) };
      return fed(adamStep, state, normal([128, 784]), labels(128));
    },
    T4: () => {
      const step = gradientStep((p, x, y) => crossEntropy(convNet(p, x), y));
      return fed(step, putAll(convWeights()), normal([64, 1, 28, 28]), labels(64));
    },
    T5: () => {
      const step = gradientStep((p, x) => np.square(block(p, x)).mean());
      return fed(step, putAll(transformerWeights()), normal([16, 64, 128]));
    },
    T6: () => same(laplacian, putAll(weights([12, 64, 64, 1])), put(normal([256, 12]))),
    T7: () => same((a: JaxArray, b: JaxArray) => np.matmul(a, b), put(normal([1024, 1024])), put(normal([1024, 1024]))),
  };
}

// TensorFlow.js: `tidy` frees what a step leaves behind; parameters are variables, changed in place.

interface TfTensor extends Ops<TfTensor> {
  sum(axis?: number): TfTensor;
  mean(axis?: number, keepDims?: boolean): TfTensor;
  square(): TfTensor;
  sqrt(): TfTensor;
  rsqrt(): TfTensor;
  tanh(): TfTensor;
  sigmoid(): TfTensor;
  relu(): TfTensor;
  erf(): TfTensor;
  softmax(): TfTensor;
  matMul(other: TfTensor, transposeThis?: boolean, transposeOther?: boolean): TfTensor;
  tile(times: number[]): TfTensor;
  maxPool(size: number, stride: number, padding: "valid"): TfTensor;
  conv2d(kernel: TfTensor, strides: number, padding: "same"): TfTensor;
  slice(begin: number, size: number): TfTensor;
  data(): Promise<unknown>;
}
interface TfVariable extends TfTensor {
  readonly name: string;
  assign(value: TfTensor): void;
}
type TfLoss = (p: Named<TfVariable>, ...data: TfTensor[]) => TfTensor;
interface Tf {
  tensor(data: Host["data"], shape: number[]): TfTensor;
  variable(value: TfTensor): TfVariable;
  eye(n: number): TfTensor;
  zeros(shape: number[]): TfTensor;
  oneHot(indices: TfTensor, depth: number): TfTensor;
  losses: { softmaxCrossEntropy(labels: TfTensor, logits: TfTensor): TfTensor };
  grad(f: (x: TfTensor) => TfTensor): (x: TfTensor) => TfTensor;
  customGrad(
    f: (x: TfTensor, save: (tensors: TfTensor[]) => void) => { value: TfTensor; gradFunc: (dy: TfTensor, saved: TfTensor[]) => TfTensor },
  ): (x: TfTensor) => TfTensor;
  variableGrads(f: () => TfTensor, variables: TfVariable[]): { value: TfTensor; grads: Named<TfTensor> };
  tidy<T>(f: () => T): T;
  dispose(tensors: TfTensor[]): void;
  setBackend(name: "wasm"): Promise<boolean>;
  ready(): Promise<void>;
}

/** @param wasm, folder  its WebAssembly backend, and where the files of that are */
export async function tfTasks(tf: Tf, wasm: { setWasmPaths(folder: string): void }, folder: string): Promise<Library> {
  wasm.setWasmPaths(folder);
  if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js has no WebAssembly backend");
  await tf.ready();

  const put = ({ data, shape }: Host): TfTensor => tf.tensor(data, shape);
  const putAll = (p: Named<Host>): Named<TfVariable> => Object.fromEntries(Object.entries(p).map(([k, a]) => [k, tf.variable(put(a))]));
  /** Waits for a tensor, of which it reads one number. */
  const wait = async (a: TfTensor): Promise<void> => {
    const one = tf.tidy(() => a.reshape([-1]).slice(0, 1));
    await one.data();
    one.dispose();
  };

  type Update = (key: string, p: TfVariable, g: TfTensor) => void;
  function training(loss: TfLoss, hosts: Named<Host>, data: Host[], update: Update, before = () => {}): Step {
    const p = putAll(hosts);
    const inputs = data.map(put);
    return async () => {
      before();
      const value = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => loss(p, ...inputs), Object.values(p));
        for (const [k, a] of Object.entries(p)) if (grads[a.name]) update(k, a, grads[a.name]);
        return value;
      });
      await wait(value);
      value.dispose();
    };
  }
  const sgd = (loss: TfLoss, p: Named<Host>, ...data: Host[]): Step => training(loss, p, data, (_, p, g) => p.assign(p.sub(g.mul(1e-3))));
  function adam(loss: TfLoss, hosts: Named<Host>, ...data: Host[]): Step {
    const zeros = () => putAll(Object.fromEntries(Object.entries(hosts).map(([k, a]) => [k, filled(a.shape, () => 0)])));
    const [m, v] = [zeros(), zeros()];
    let t = 0;
    let rate = 0;
    const update: Update = (k, p, g) => {
      m[k].assign(m[k].add(g.sub(m[k]).mul(0.1)));
      v[k].assign(v[k].add(g.square().sub(v[k]).mul(0.001)));
      p.assign(p.sub(m[k].mul(rate).div(v[k].sqrt().add(1e-8))));
    };
    return training(loss, hosts, data, update, () => {
      t++;
      rate = (1e-3 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
    });
  }
  function same(f: () => TfTensor[]): Step {
    return async () => {
      const results = tf.tidy(f);
      await wait(results[0]);
      tf.dispose(results);
    };
  }

  const mlp = (activation: (x: TfTensor) => TfTensor) => (p: Named<TfTensor>, x: TfTensor) => {
    for (let i = 0; i < 3; i++) {
      x = x.matMul(p[`w${i}`]).add(p[`b${i}`]);
      if (i < 2) x = activation(x);
    }
    return x;
  };
  /** Saves its input: version 4.22.0 leaves second derivatives through saved outputs, as its own sigmoid has, out. */
  const sigmoid = tf.customGrad((x, save) => {
    save([x]);
    const gradFunc = (dy: TfTensor, [x]: TfTensor[]): TfTensor => {
      const s = sigmoid(x);
      return dy.mul(s).mul(s.neg().add(1));
    };
    return { value: x.sigmoid(), gradFunc };
  });
  const small = mlp((x) => x.mul(x.sigmoid()));
  const twiceSilu = mlp((x) => x.mul(sigmoid(x)));
  const big = mlp((x) => x.relu());
  const crossEntropy = (logits: TfTensor, y: TfTensor) => tf.losses.softmaxCrossEntropy(tf.oneHot(y, 10), logits);
  const squaredGradient: TfLoss = (p, x) =>
    tf
      .grad((z) => twiceSilu(p, z).sum())(x)
      .square()
      .sum(1)
      .mean();

  /** Channels last, as the backend wants them. */
  function convNet(p: Named<TfTensor>, x: TfTensor): TfTensor {
    let h = x.conv2d(p.k0, 1, "same").add(p.c0).relu().maxPool(2, 2, "valid");
    h = h.conv2d(p.k1, 1, "same").add(p.c1).relu().maxPool(2, 2, "valid");
    return h.reshape([h.shape[0], -1]).matMul(p.w).add(p.b);
  }

  /** Works on rows [batch * tokens, width]: the gradient of a product of a stack and a matrix is not that library's. */
  function block(p: Named<TfTensor>, input: TfTensor): TfTensor {
    const [batch, tokens, width] = input.shape;
    const heads = 4;
    const split = (h: TfTensor) => h.reshape([batch, tokens, heads, width / heads]).transpose([0, 2, 1, 3]);
    const norm = (h: TfTensor, i: number) => {
      const c = h.sub(h.mean(-1, true));
      const scale = c.square().mean(-1, true).add(1e-5).rsqrt();
      return c.mul(scale).mul(p[`g${i}`]).add(p[`o${i}`]);
    };
    const x = input.reshape([batch * tokens, width]);
    const h = norm(x, 0);
    const [q, k, v] = [p.wq, p.wk, p.wv].map((w) => split(h.matMul(w)));
    const scores = q.matMul(k, false, true).div(Math.sqrt(width / heads));
    const mixed = scores
      .softmax()
      .matMul(v)
      .transpose([0, 2, 1, 3])
      .reshape([batch * tokens, width]);
    const y = x.add(mixed.matMul(p.wo));
    const inner = norm(y, 1).matMul(p.w0).add(p.b0);
    const gelu = inner.mul(inner.mul(Math.SQRT1_2).erf().add(1)).mul(0.5);
    return y.add(gelu.matMul(p.w1).add(p.b1));
  }

  /** Forward Laplacian written by hand, as in the other peers. */
  function laplacian(p: Named<TfTensor>, x: TfTensor): TfTensor[] {
    const [rows, n] = x.shape;
    let v = x;
    let j = tf.eye(n).reshape([n, 1, n]).tile([1, rows, 1]);
    let l = tf.zeros([rows, n]);
    for (let i = 0; i < 3; i++) {
      const w = p[`w${i}`];
      v = v.matMul(w).add(p[`b${i}`]);
      j = j
        .reshape([n * rows, w.shape[0]])
        .matMul(w)
        .reshape([n, rows, w.shape[1]]);
      l = l.matMul(w);
      if (i === 2) break;
      v = v.tanh();
      const d1 = v.square().neg().add(1);
      l = d1.mul(l).sub(v.mul(2).mul(d1).mul(j.square().sum(0)));
      j = d1.mul(j);
    }
    return [v.reshape([rows]), j.reshape([n, rows]).transpose(), l.reshape([rows])];
  }

  return {
    T1: () => sgd((p, x, y) => small(p, x).sub(y).square().mean(), weights([2, 64, 64, 1]), normal([256, 2]), normal([256, 1])),
    T2: () => sgd(squaredGradient, weights([2, 64, 64, 1]), normal([256, 2])),
    T2w: () => sgd(squaredGradient, weights([2, 256, 256, 1]), normal([256, 2])),
    T3: () => adam((p, x, y) => crossEntropy(big(p, x), y), weights([784, 512, 512, 10]), normal([128, 784]), labels(128)),
    T4: () => {
      const p = { ...convWeights(), k0: normal([3, 3, 1, 16], 1 / 3), k1: normal([3, 3, 16, 32], 1 / 12) };
      return sgd((p, x, y) => crossEntropy(convNet(p, x), y), p, normal([64, 28, 28, 1]), labels(64));
    },
    T5: () => sgd((p, x) => block(p, x).square().mean(), transformerWeights(), normal([16, 64, 128])),
    T6: () => {
      const p = putAll(weights([12, 64, 64, 1]));
      const x = put(normal([256, 12]));
      return same(() => laplacian(p, x));
    },
    T7: () => {
      const [a, b] = [put(normal([1024, 1024])), put(normal([1024, 1024]))];
      return same(() => [a.matMul(b)]);
    },
  };
}
