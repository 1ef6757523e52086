/** Trained models of pictures as ONNX files: the velocity, and the whole way from a start to a picture. */
import { allocate, mapTree, type NdArray } from "../../array/index.ts";
import { toOnnx } from "../../onnx/index.ts";
import { type Arrays, constant, type Tensor } from "../../tensor/index.ts";
import type { ImageModel } from "./learning/learner.ts";
import type { ImageNet } from "./learning/network.ts";
import { makeAtOnce } from "./sample.ts";
import { toImages, toRows } from "./shape.ts";
import type { ImageSolver } from "./solvers.ts";

/** What programs that load a file need to know, as JSON under the key `pushforward` of its metadata. */
export interface ImageFileLabel {
  readonly kind: "image sampler" | "image velocity";
  readonly task: string;
  readonly path: string;
  readonly method: string;
  readonly solver: string;
  /** Of the pictures that were learned. */
  readonly shape: readonly number[];
  /** Of what is seen of them, absent where nothing is. */
  readonly seen?: readonly number[];
  /** A mask is asked for. */
  readonly masked: boolean;
  readonly data: string;
  readonly producer: string;
}

/** Parameters as constants of a program. */
const constants = (net: Arrays<ImageNet>): ImageNet => mapTree<ImageNet>((a: NdArray) => constant(a), net);

/** Values from [-1, 1] to [0, 1] and back. */
const asUnits = (x: Tensor): Tensor => x.add(1).mul(0.5);
const fromUnits = (x: Tensor): Tensor => x.mul(2).sub(1);

/**
 * The sampler: what is seen (and the mask), in [0, 1], and normal noise to pictures in [0, 1], not cut off. For any number of pictures of one size.
 *
 * @throws RangeError  for scores, noise, growth, steps by their error, and starts that are fitted to pictures
 */
export function exportSampler(
  model: ImageModel,
  net: Arrays<ImageNet>,
  solver: ImageSolver,
  label: Omit<ImageFileLabel, "kind">,
): Uint8Array {
  if (!("steps" in solver.control)) throw new RangeError("exportSampler: steps by their error are no fixed program");
  const { noise, growth } = model.setting;
  if (noise > 0 || growth > 0) throw new RangeError("exportSampler: motions with noise or growth need more than starts");
  const { shape } = model.problem;
  const seen = label.seen && { seen: allocate("f32", [1, ...label.seen]) };
  const mask = label.masked && { mask: allocate("f32", [1, 1, ...shape.slice(1)]) };
  const inputs = { ...seen, ...mask, noise: allocate("f32", [1, ...shape]) };
  type Inputs = { seen?: Tensor; mask?: Tensor; noise: Tensor };
  const sampler = ({ seen, mask, noise }: Inputs): Tensor =>
    asUnits(makeAtOnce(model, constants(net), { ...(seen && { seen: fromUnits(seen) }), ...(mask && { mask }) }, noise, solver));
  return toOnnx(sampler, [inputs], {
    inputNames: Object.keys(inputs).sort(),
    outputNames: ["picture"],
    metadata: { pushforward: JSON.stringify({ ...label, kind: "image sampler" } satisfies ImageFileLabel) },
    anyRows: true,
  });
}

/** The velocity dx/dt: times [B, 1], states [B, C, H, W] in the units of the path ([-1, 1] at the picture), and conditions where there are any. */
export function exportVelocity(model: ImageModel, net: Arrays<ImageNet>, label: Omit<ImageFileLabel, "kind">): Uint8Array {
  const { problem, dynamics, setting } = model;
  if (!dynamics) throw new RangeError("exportVelocity: scores have no motion");
  const { shape } = problem;
  const { conditions } = setting.form;
  const inputs = {
    ...(conditions > 0 && { condition: allocate("f32", [1, conditions, ...shape.slice(1)]) }),
    ...{ t: allocate("f32", [1, 1]), x: allocate("f32", [1, ...shape]) },
  };
  const velocity = ({ t, x, condition }: { t: Tensor; x: Tensor; condition?: Tensor }): Tensor =>
    toImages(dynamics({ net: constants(net), condition }).drift(t, toRows(x)), shape);
  return toOnnx(velocity, [inputs], {
    inputNames: Object.keys(inputs).sort(),
    outputNames: ["velocity"],
    metadata: { pushforward: JSON.stringify({ ...label, kind: "image velocity" } satisfies ImageFileLabel) },
    anyRows: true,
  });
}
