/** Convolutions in several ways, for the benchmark of lowerings. */
import { ndarray } from "../src/array/index.ts";
import * as t from "../src/tensor/index.ts";
import { type Call, node, normal, session } from "./lowerings-calls.ts";

/** Gradients of convolutions to their inputs: as a convolution with the flipped kernel (of y among zeros, where it strides), and by ConvTranspose. */
export async function convolutions(threads: number): Promise<Record<string, Record<string, Call>>> {
  const found: Record<string, Record<string, Call>> = {};
  const shapes = [
    ...[1, 3, 8, 16].map((c) => ({ n: 64, c, o: 32, side: 28, stride: 1 })),
    { n: 8, c: 3, o: 64, side: 64, stride: 1 },
    { n: 64, c: 32, o: 32, side: 28, stride: 1 },
    { n: 64, c: 64, o: 64, side: 14, stride: 1 },
    { n: 16, c: 128, o: 128, side: 14, stride: 1 },
    { n: 64, c: 1, o: 16, side: 28, stride: 2 },
    { n: 64, c: 32, o: 64, side: 28, stride: 2 },
    { n: 64, c: 64, o: 64, side: 14, stride: 2 },
  ];
  for (const { n, c, o, side, stride } of shapes) {
    const out = side / stride;
    const inputs = { y: normal([n, o, out, out]), w: normal([o, c, 3, 3]) };
    const flipped = t.jit(
      (y: t.Tensor, w: t.Tensor) => {
        const apart =
          stride === 1
            ? y
            : t
                .pad(
                  y.reshape([n, o, out, 1, out, 1]),
                  [0, 0, 0, 1, 0, 1].map((zeros) => [0, zeros]),
                )
                .reshape([n, o, side, side]);
        const kernel = t.flip(w, [-2, -1]).transpose([1, 0, 2, 3]);
        // padding of the gradient: what a kernel of three reaches beyond
        return t.conv(apart, kernel, { padding: 1 });
      },
      { threads },
    );
    const attributes = { kernel_shape: [3, 3], strides: [stride, stride], pads: [1, 1, 1, 1], output_padding: [stride - 1, stride - 1] };
    found[`convolution ${n} x ${o} -> ${c} x ${side}, stride ${stride}`] = {
      flipped: () => flipped(inputs.y, inputs.w),
      ConvTranspose: await session(
        [node("ConvTranspose", ["g", "w"], ["y"], attributes)],
        { g: inputs.y, w: inputs.w },
        [n, c, side, side],
        { intraOpNumThreads: threads },
      ),
    };
  }
  return found;
}

/** What a kernel of 3 x 3 that goes two steps at a time sees: slices of a picture, and of one whose even and odd columns a product has put apart. */
export async function strides(threads: number): Promise<Record<string, Record<string, Call>>> {
  const found: Record<string, Record<string, Call>> = {};
  const places = [0, 1, 2].flatMap((k) => [0, 1, 2].map((l) => [k, l] as const));
  for (const [n, c, side] of [
    [128, 16, 14],
    [128, 32, 8],
    [64, 64, 28],
    [16, 64, 56],
  ]) {
    const [x, half, width] = [normal([c, n, side, side]), side / 2, side + 2];
    const apart = ndarray(new Float32Array(side * width), [side, width], "f32");
    for (let i = 0; i < side; i++) apart.data[i * width + ((i + 1) % 2) * (half + 1) + ((i + 1) >> 1)] = 1;
    const seen = (of: t.Tensor, columns: (l: number) => t.Index): t.Tensor =>
      t.concat(
        places.map(([k, l]) => of.slice(null, null, [k, k + side - 1, 2], columns(l)).reshape([1, -1])),
        0,
      );
    const slices = t.jit(
      (a: t.Tensor) =>
        seen(
          t.pad(a, [
            [1, 1],
            [1, 1],
          ]),
          (l) => [l, l + side - 1, 2],
        ),
      { threads, device: "cpu" },
    );
    const sorted = t.jit(
      (a: t.Tensor, order: t.Tensor) => {
        const rows = t.pad(a.matmul(order), [
          [1, 1],
          [0, 0],
        ]);
        return seen(rows, (l) => [(l % 2) * (half + 1) + (l >> 1), (l % 2) * (half + 1) + (l >> 1) + half]);
      },
      { threads, device: "cpu" },
    );
    found[`positions of 3 x 3, stride 2, in ${c} x ${n} x ${side} x ${side}`] = {
      slices: () => slices(x),
      "columns sorted": () => sorted(x, apart),
    };
  }
  return found;
}
