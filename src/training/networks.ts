/** Networks by name, made for a problem. */
import { nearest, UserError } from "../errors.ts";
import * as nn from "../nn/index.ts";
import type { OnnxModel } from "../onnx/index.ts";
import type { Problem } from "./problem.ts";

/** Sizes of a network; each has its own defaults. */
export interface NetworkSize {
  readonly width?: number;
  /** Layers, stages or blocks. */
  readonly depth?: number;
  /** Of attention. */
  readonly heads?: number;
  /** Side of the patches of a vision transformer. */
  readonly patch?: number;
}

type Maker = { readonly kinds: readonly Problem["kind"][]; readonly make: (p: Problem, size: NetworkSize) => nn.Network };

const makers: Readonly<Record<string, Maker>> = {
  mlp: { kinds: ["classes", "numbers"], make: (p, size) => nn.mlpNetwork(p.input, p.outputs, size) },
  cnn: { kinds: ["classes", "numbers"], make: (p, size) => nn.cnn(p.input, p.outputs, size) },
  vgg: { kinds: ["classes", "numbers"], make: (p, size) => nn.vgg(p.input, p.outputs, size) },
  resnet: { kinds: ["classes", "numbers"], make: (p, size) => nn.resnet(p.input, p.outputs, size) },
  vit: { kinds: ["classes", "numbers"], make: (p, size) => nn.vit(p.input, p.outputs, size) },
  "text-classifier": {
    kinds: ["classes", "numbers"],
    make: (p, size) => nn.textClassifier(p.symbols ?? 0, p.outputs, size),
  },
  "transformer-lm": { kinds: ["text"], make: (p, size) => nn.transformerLm(p.outputs, p.input[0], size) },
};

/** The network that is natural for a problem: for text, for labelled texts, for images, for features. */
export function naturalNetwork({ kind, symbols, input }: Problem): string {
  if (kind === "text") return "transformer-lm";
  if (symbols !== undefined) return "text-classifier";
  return input.length === 3 ? "cnn" : "mlp";
}

/**
 * The network of a name.
 * @throws UserError  for an unknown name, or a network that is not for these data
 */
export function namedNetwork(name: string, problem: Problem, { width, depth, heads, patch }: NetworkSize): nn.Network {
  const names = Object.keys(makers);
  if (!Object.hasOwn(makers, name)) {
    const guess = nearest(name, names);
    throw new UserError(
      `no network "${name}"`,
      guess ? `did you mean "${guess}"?` : `there are ${names.join(", ")}, or the path of an .onnx file`,
    );
  }
  const { kinds, make } = makers[name];
  const needsImages = !["mlp", "text-classifier", "transformer-lm"].includes(name);
  const readsTokens = name === "text-classifier" || name === "transformer-lm";
  const fits = readsTokens === (problem.symbols !== undefined) && !(needsImages && problem.input.length !== 3);
  if (!kinds.includes(problem.kind) || !fits)
    throw new UserError(`${name} is not for these data`, `try --model ${naturalNetwork(problem)}`);
  return make(problem, { width, depth, heads, patch });
}

/**
 * The network of a model file.
 * @throws UserError  if its input has another shape than the data; `path` names the file
 */
export function modelNetwork(model: OnnxModel, path: string, problem: Problem): nn.Network {
  const { shape, name } = model.inputs[0] ?? { shape: [], name: "" };
  const fixed = shape.slice(1);
  const fits = shape.length === problem.input.length + 1 && fixed.every((n, i) => typeof n === "string" || n === problem.input[i]);
  if (!fits)
    throw new UserError(`${path}: its input ${name} has shape [${shape.join(", ")}], the data have [batch, ${problem.input.join(", ")}]`);
  return nn.onnxNetwork(model);
}
