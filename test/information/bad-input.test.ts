/** What people get wrong: each mistake is refused before a run has a folder, in words that say what, where and what to do. */
import { existsSync } from "node:fs";
import onnxProto from "onnx-proto";
import { afterAll, expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { checkDraws, likelihoodNames, likelihoodOf, simulate } from "../../src/information/index.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import { like, type Tensor } from "../../src/tensor/index.ts";
import { type NodeSpec, nodeOf, tensorOf } from "../onnx/build.ts";
import { drawn, linear, linearMean, network, roughEncoder, workplace } from "./cli.ts";
import { f64, jointOf } from "./measure.ts";

const { path, write, npy, model, read, information, remove } = workplace("information-bad");
afterAll(remove);

const decoder = model("decoder.onnx", linearMean, 2, { likelihood: "gaussian", variance: "0.2" });
const plain = model("plain.onnx", linearMean, 2);
const encoder = model("encoder.onnx", roughEncoder, 3);
const weights = npy("weights.npy", array(linear.weights, "f64"));
const logits = model("logits.onnx", (z) => network([2, 8, 6], 1)(z).mul(4), 2);
const sigmoid = model("sigmoid.onnx", (z) => network([2, 8, 6], 1)(z).sigmoid(), 2);
const three = npy("three.npy", f64([1, 2, 3]));
const [{ z, x }, single] = await Promise.all([
  drawn(linearMean, 2, linear.variance, 40, randomStream(1)),
  drawn(linearMean, 2, linear.variance, 1, randomStream(2)),
]);
const [xFile, zFile] = [npy("x.npy", x), npy("z.npy", z)];

/** A graph as an exporter would write it, with an input z [n, 2]. */
function graph(
  file: string,
  nodes: NodeSpec[],
  constants: Record<string, NdArray>,
  more: { type?: number; rows?: number; outputs?: string[]; outputType?: number } = {},
): string {
  const { type = 1, rows, outputs = ["y"], outputType = 1 } = more;
  const first = rows === undefined ? { dimParam: "n" } : { dimValue: rows };
  const bytes = onnxProto.onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 18 }],
    graph: {
      name: "test",
      node: nodes.map(nodeOf),
      input: [{ name: "z", type: { tensorType: { elemType: type, shape: { dim: [first, { dimValue: 2 }] } } } }],
      output: outputs.map((name) => ({ name, type: { tensorType: { elemType: outputType } } })),
      initializer: Object.entries(constants).map(([name, a]) => tensorOf(name, a)),
    },
  }).finish();
  return write(file, bytes);
}
const W = array(
  [
    [1, 0, 1],
    [0, 1, 1],
  ],
  "f32",
);
const product: NodeSpec = { op: "MatMul", in: ["z", "W"], out: ["m"] };
const triple = (v: number): NdArray => array([v, v, v], "f32");
const integer = { dtype: "i64", shape: [1], data: BigInt64Array.from([0n]) } as unknown as NdArray;

let runs = 0;
/** Runs the command, which has to refuse, and leaves no folder. */
async function refused(args: readonly string[]): Promise<string> {
  const out = path(`refused-${runs++}`);
  const { code, error } = await information(...args, "--out", out, "--quiet");
  expect(code).toBe(1);
  expect(error).not.toMatch(/fault of the program|\n\s+at /);
  expect(existsSync(out)).toBe(false);
  return error;
}

const noise = ["--variance", "0.1"];
const bernoulli = ["--likelihood", "bernoulli"];

test.each<[string, string[], RegExp]>([
  [
    "sigmoid outputs as logits",
    [sigmoid, ...bernoulli, "--output", "logits"],
    /sigmoid\.onnx: all 1536 outputs .* lie in \[0, 1\]: these are probabilities, not logits\n {2}hint: use --output probabilities/,
  ],
  [
    "logits as probabilities",
    [logits, ...bernoulli, "--output", "probabilities"],
    /logits\.onnx: probabilities lie in \[0, 1\], but the decoder gives values from -[\d.]+ to [\d.]+\n {2}hint: logits\?/,
  ],
  [
    "outputs in [0, 1] of which nothing is said",
    [sigmoid, ...bernoulli],
    /whether they are probabilities or logits has to be said\n {2}hint: use --output/,
  ],
  ["a Bernoulli mean", [logits, ...bernoulli, "--output", "mean"], /takes logits or probabilities\n {2}hint/],
  ["Gaussian logits", [plain, ...noise, "--output", "logits"], /a gaussian likelihood takes the mean, not logits\n {2}hint/],
  ["variance of a Bernoulli", [logits, ...bernoulli, ...noise], /--variance: a Bernoulli likelihood has none/],
  ["no variance", [plain], /the variance of the noise is not given\n {2}hint: --variance 0\.03/],
  ["variance 0", [plain, "--variance", "0"], /the variance of the noise is 0, not above 0\n {2}hint: without noise x determines z/],
  ["a negative variance", [plain, "--variance=-1"], /the variance of the noise is -1, not above 0/],
  ["a variance that is no number", [plain, "--variance", "NaN"], /--variance NaN: neither a number nor a file\n {2}hint/],
  [
    "variances of another length",
    [plain, "--variance", npy("two.npy", f64([0.1, 0.2]))],
    /2 variances for 3 outputs of plain\.onnx\n {2}hint: give one, or a file/,
  ],
  ["a variance of 0 among others", [plain, "--variance", npy("zero.npy", f64([0.1, 0.2, 0]))], /is 0 in coordinate 3, not above 0/],
  [
    "a random graph",
    [
      graph("random.onnx", [product, { op: "RandomNormalLike", in: ["m"], out: ["e"] }, { op: "Add", in: ["m", "e"], out: ["y"] }], { W }),
      ...noise,
    ],
    /random\.onnx: .*RandomNormalLike.*\n {2}hint/,
  ],
  [
    "dropout in training mode",
    [
      graph(
        "dropout.onnx",
        [
          { op: "Dropout", in: ["z", "r", "t"], out: ["d"] },
          { ...product, in: ["d", "W"], out: ["y"] },
        ],
        { W, r: array(0.5, "f32", []), t: array(1, "bool", []) },
      ),
      ...noise,
    ],
    /dropout\.onnx: .*Dropout.*training mode.*\n {2}hint: export it in evaluation mode/,
  ],
  [
    "batch statistics",
    [
      graph(
        "norm.onnx",
        [product, { op: "BatchNormalization", in: ["m", "s", "b", "u", "v"], out: ["y", "p", "q"], attributes: { training_mode: 1 } }],
        { W, s: triple(1), b: triple(0), u: triple(0), v: triple(1) },
      ),
      ...noise,
    ],
    /norm\.onnx: .*BatchNormalization.*training mode.*\n {2}hint: export it in evaluation mode/,
  ],
  [
    "rows that see each other",
    [
      graph("mean.onnx", [product, { op: "ReduceMean", in: ["m", "axes"], out: ["c"] }, { op: "Sub", in: ["m", "c"], out: ["y"] }], {
        W,
        axes: integer,
      }),
      ...noise,
    ],
    /mean\.onnx: what the decoder gives for one of the latents depends on the rows beside it.*\n {2}hint: export it in evaluation mode/,
  ],
  [
    "an integer latent",
    [
      graph(
        "integer.onnx",
        [
          { op: "Cast", in: ["z"], out: ["f"], attributes: { to: 1 } },
          { ...product, in: ["f", "W"], out: ["y"] },
        ],
        { W },
        { type: 7 },
      ),
      ...noise,
    ],
    /integer\.onnx: the latent "z" is i64: a discrete latent has no gradient.*\n {2}hint/,
  ],
  [
    "an integer output",
    [graph("rounded.onnx", [product, { op: "Cast", in: ["m"], out: ["y"], attributes: { to: 7 } }], { W }, { outputType: 7 }), ...noise],
    /rounded\.onnx: the output "y" is i64.*\n {2}hint/,
  ],
  [
    "two outputs",
    [
      graph(
        "heads.onnx",
        [product, { op: "Identity", in: ["m"], out: ["y"] }, { op: "Exp", in: ["m"], out: ["v"] }],
        { W },
        { outputs: ["y", "v"] },
      ),
      ...noise,
    ],
    /heads\.onnx: a decoder has one output, .* this one has 2 \(y, v\)\n {2}hint/,
  ],
  [
    "a fixed number of rows",
    [graph("fixed.onnx", [{ ...product, out: ["y"] }], { W }, { rows: 1 }), ...noise],
    /fixed\.onnx: the decoder is for 1 rows only\n {2}hint: export it with a dynamic first axis/,
  ],
  [
    "another precision",
    [
      graph(
        "double.onnx",
        [{ ...product, out: ["y"] }],
        {
          W: f64([
            [1, 0, 1],
            [0, 1, 1],
          ]),
        },
        { type: 11, outputType: 11 },
      ),
      ...noise,
      "--precision",
      "f32",
    ],
    /double\.onnx: the decoder is of f64\n {2}hint: --precision f64/,
  ],
  [
    "an output that is no number",
    [graph("log.onnx", [product, { op: "Log", in: ["m"], out: ["y"] }], { W }), ...noise],
    /log\.onnx: the decoder gives NaN for a draw of the prior \(row \d+\)\n {2}hint/,
  ],
  ["a file that is no model", [write("junk.onnx", "hello"), ...noise], /junk\.onnx: not an ONNX model.*\n {2}hint/],
  ["an empty model", [write("empty.onnx", ""), ...noise], /empty\.onnx: not an ONNX model.*\n {2}hint/],
  ["a missing model", [path("none.onnx"), ...noise], /none\.onnx: there is no such file\n {2}hint: check the path/],
  ["a folder", [path("."), ...noise], /is a folder\n {2}hint: give the \.onnx file in it/],
])("a decoder: %s", async (_, args, message) => {
  expect(await refused(["bounds", ...args])).toMatch(message);
});

test.each<[string, string[], RegExp]>([
  ["no model", [], /no model: give a decoder, --linear or --data linear-gaussian or gaussian\n {2}hint/],
  ["two decoders", [plain, "--decoder", decoder], /two decoders are given: .*plain\.onnx and --decoder .*decoder\.onnx/],
  ["a decoder and weights", [plain, "--linear", weights, ...noise], /give one model, not a decoder and --linear\n {2}hint/],
  ["a decoder and a built-in model", [plain, "--data", "linear-gaussian"], /give one model, not a decoder and --data\n {2}hint/],
  ["an unknown built-in model", ["--data", "mnist"], /no built-in model "mnist"\n {2}hint: there are linear-gaussian and gaussian/],
  ["a bias of a decoder", [plain, ...noise, "--bias", three], /--bias is for --linear/],
  ["a bias of a built-in model", ["--data", "linear-gaussian", "--bias", three], /--bias is for --linear/],
  [
    "a bias of another length",
    ["--linear", weights, ...noise, "--bias", path("two.npy")],
    /the bias has 2 numbers, and the weights 3 rows/,
  ],
  ["weights that are no matrix", ["--linear", three, ...noise], /a matrix \[observed, latent\], not \[3\]/],
  ["weights without noise", ["--linear", weights], /the variance of the noise is not given\n {2}hint/],
  [
    "a linear model with variances of another length",
    ["--linear", weights, "--variance", path("two.npy")],
    /2 variances for 3 observed coordinates\n {2}hint/,
  ],
  [
    "a linear model with another likelihood",
    ["--linear", weights, ...noise, "--likelihood", "laplace"],
    /a linear model has Gaussian noise/,
  ],
  [
    "a linear model with another prior",
    ["--linear", weights, ...noise, "--prior", "uniform"],
    /--prior uniform: the latents of a linear model are normal/,
  ],
  ["a linear model of logits", ["--linear", weights, ...noise, "--output", "logits"], /--output logits: a linear model gives the mean/],
  [
    "a linear model with an encoder",
    ["--linear", weights, ...noise, "--encoder", encoder],
    /--encoder is for a decoder from a file; --propose learns one/,
  ],
  ["missing weights", ["--linear", path("none.npy"), ...noise], /none\.npy: there is no such file\n {2}hint/],
  ["an unknown prior", [decoder, "--prior", "cauchy"], /--prior cauchy is neither normal, uniform nor uniform:LOW,HIGH\n {2}hint/],
  ["a prior that ends before it begins", [decoder, "--prior", "uniform:2,1"], /--prior uniform:2,1 is neither/],
  ["a prior without end", [decoder, "--prior", "uniform:0,Infinity"], /--prior uniform:0,Infinity is neither/],
])("a model: %s", async (_, args, message) => {
  expect(await refused(["bounds", ...args])).toMatch(message);
});

const rows = (a: NdArray, order: readonly number[]): NdArray => {
  const [data, width] = [a.data as Float32Array, a.shape[1]];
  return ndarray(Float32Array.from(order.flatMap((b) => [...data.subarray(b * width, (b + 1) * width)])), [order.length, width], "f32");
};
const holed = ndarray(
  Float32Array.from(x.data as Float32Array, (v, i) => (i === 7 ? Number.NaN : v)),
  [40, 3],
  "f32",
);
const turned = Array.from({ length: 40 }, (_, b) => (b + 1) % 40);

test.each<[string, string[], RegExp]>([
  ["pixels that are no numbers", ["--x", npy("holed.npy", holed)], /holed\.npy: NaN in row 3, column 2\n {2}hint/],
  [
    "fewer latents than data",
    ["--x", xFile, "--z", npy("fewer.npy", rows(z, turned.slice(1)))],
    /40 rows of x and 39 of z\n {2}hint: row b of z is the latent from which row b of x was made/,
  ],
  [
    "permuted latents",
    ["--x", xFile, "--z", npy("turned.npy", rows(z, turned))],
    /x is [\d.]+ noise variances from what z decodes to, not 1 \([\d.]+ standard errors; rows out of step\?\).*\n {2}hint/,
  ],
  ["three permuted rows", ["--x", npy("few-x.npy", rows(x, [0, 1, 2])), "--z", npy("few-z.npy", rows(z, [1, 2, 0]))], /rows out of step\?/],
  [
    "latents that are no draws of the prior",
    [
      "--x",
      xFile,
      "--z",
      npy(
        "wide.npy",
        ndarray(
          (z.data as Float32Array).map((v) => 3 * v),
          [40, 2],
          "f32",
        ),
      ),
    ],
    /the latents are no draws of the prior \(mean square [\d.]+, not 1\)/,
  ],
  ["latents alone", ["--z", zFile], /--z is for the latents of the rows of --x/],
  ["data of another width", ["--x", zFile], /z\.npy: rows of 2 numbers, and decoder\.onnx has 3 for x/],
  ["latents of another width", ["--x", xFile, "--z", xFile], /x\.npy: rows of 3 numbers, and decoder\.onnx has 2 for z/],
  ["missing data", ["--x", path("none.npy")], /none\.npy: there is no such file\n {2}hint/],
  [
    "an array without rows",
    ["--x", npy("no-rows.npy", ndarray(new Float32Array(0), [0, 3], "f32"))],
    /no-rows\.npy: there are no numbers in it/,
  ],
  ["an empty array file", ["--x", write("empty.npy", "")], /empty\.npy: /],
  ["an empty table", ["--x", write("empty.csv", "")], /empty\.csv: the file is empty/],
  ["a heading without rows", ["--x", write("heading.csv", "a,b,c\n")], /heading\.csv: the table has no rows/],
  ["text among numbers", ["--x", write("text.csv", "a,b,c\n1,2,x\n")], /text\.csv: column "c" is text, not numbers\n {2}hint/],
  ["latents of a uniform prior", ["--prior", "uniform", "--x", xFile, "--z", zFile], /--z is taken with a normal prior only/],
])("data: %s", async (_, args, message) => {
  expect(await refused(["bounds", decoder, ...args])).toMatch(message);
});

test("grey pixels for a Bernoulli are named by row", async () => {
  const grey = npy(
    "grey.npy",
    array(
      [
        [0, 1, 0, 1, 0, 0],
        [0, 1, 0, 1, 0.5, 0],
      ],
      "f32",
    ),
  );
  expect(await refused(["bounds", logits, ...bernoulli, "--x", grey])).toMatch(
    /grey\.npy: 0\.5 in row 2: a Bernoulli likelihood is of 0 and 1\n {2}hint/,
  );
});

const schedule = (name: string, content: object): string =>
  write(name, JSON.stringify({ betas: [0, 0.5, 1], stepSizes: [1, 1], leapfrogs: 2, route: "prior", ...content }));

test.each<[string, string[], RegExp]>([
  [
    "an encoder of another latent",
    ["--encoder", model("latent.onnx", network([3, 8, 6], 1), 3)],
    /latent\.onnx: the encoder gives 6 numbers for a latent of 2\n {2}hint/,
  ],
  [
    "an encoder of other data",
    ["--encoder", model("data.onnx", network([5, 8, 4], 1), 5)],
    /data\.onnx: the encoder takes 5 numbers a row, and the decoder decoder\.onnx gives 3/,
  ],
  [
    "an encoder that gives no numbers",
    ["--encoder", model("nan.onnx", (s) => network([3, 8, 4], 1)(s).log(), 3)],
    /nan\.onnx: the encoder gives means that are no numbers/,
  ],
  [
    "an encoder of one row",
    ["--encoder", write("row.onnx", toOnnx(roughEncoder, [like([1, 3])]))],
    /row\.onnx: .*\n {2}hint: export it in evaluation mode \(model\.eval\(\)\), for any number of rows/,
  ],
  ["a missing encoder", ["--encoder", path("none.onnx")], /none\.onnx: there is no such file\n {2}hint/],
  ["an encoder of a uniform prior", ["--encoder", encoder, "--prior", "uniform"], /encoder\.onnx: an encoder is used with a normal prior/],
  [
    "an encoder, and one to learn",
    ["--encoder", encoder, "--propose", "elbo"],
    /give --encoder, or learn a proposal with --propose, not both/,
  ],
  ["a proposal that is none", ["--from", "proposal"], /--from proposal needs a proposal\n {2}hint/],
  ["a learned proposal of a uniform prior", ["--prior", "uniform", "--propose", "elbo"], /for a normal prior only/],
  [
    "an unknown schedule",
    ["--schedule", "quadratic"],
    /--schedule quadratic is neither adaptive, linear, sigmoid:RADIUS, power:EXPONENT nor a file/,
  ],
  ["a radius that is no number", ["--schedule", "sigmoid:x"], /--schedule sigmoid:x is neither/],
  [
    "temperatures that are equal",
    ["--schedule", "power:400"],
    /--schedule power:400: of 501 temperatures two are equal in double precision\n {2}hint/,
  ],
  ["a missing schedule", ["--schedule", path("none.json")], /none\.json: there is no such file\n {2}hint/],
  [
    "a schedule that is cut",
    ["--schedule", write("cut.json", '{"betas":[0,')],
    /cut\.json: not a JSON file\n {2}hint: give a schedule\.json/,
  ],
  ["an empty schedule", ["--schedule", write("empty.json", "")], /empty\.json: not a JSON file\n {2}hint/],
  ["another JSON file", ["--schedule", write("other.json", '{"a":1}')], /other\.json: betas: .*\n {2}hint/],
  [
    "temperatures that fall",
    ["--schedule", schedule("fall.json", { betas: [0, 0.7, 0.5, 1], stepSizes: [1, 1, 1] })],
    /fall\.json: betas do not rise from 0 to 1\n {2}hint/,
  ],
  [
    "temperatures that end early",
    ["--schedule", schedule("early.json", { betas: [0, 0.2, 0.9] })],
    /early\.json: betas do not rise from 0 to 1/,
  ],
  ["too few step sizes", ["--schedule", schedule("few.json", { stepSizes: [1] })], /few\.json: 1 step sizes for 2 temperatures/],
  ["a negative step size", ["--schedule", schedule("negative.json", { stepSizes: [1, -1] })], /negative\.json: stepSizes\.1: /],
  [
    "a schedule of the other route",
    ["--schedule", schedule("route.json", { route: "proposal" })],
    /route\.json is for chains from the proposal, not the prior\n {2}hint: --from proposal/,
  ],
  [
    "the prior's schedule for a proposal",
    ["--encoder", encoder, "--schedule", schedule("prior.json", {})],
    /prior\.json is for chains from the prior, not the proposal\n {2}hint: --from prior/,
  ],
  ["no pairs", ["--pairs", "0"], /--pairs: too small/],
  ["no chains", ["--chains", "0"], /--chains: too small/],
  ["no temperatures", ["--temperatures", "0"], /--temperatures: too small/],
  ["an acceptance of 1", ["--accept", "1"], /--accept: too big/],
])("chains: %s", async (_, args, message) => {
  expect(await refused(["bounds", decoder, ...args])).toMatch(message);
});

test("rate refuses what it cannot use, too", async () => {
  expect(await refused(["rate", decoder, "--most", "0"])).toMatch(/--most: too small/);
  expect(await refused(["rate", decoder, "--schedule", path("route.json")])).toMatch(/for chains from the proposal, not the prior/);
});

const short = ["--chains", "2", "--temperatures", "6", "--leapfrogs", "2", "--schedule", "linear"];

test("one true pair is enough: its bounds have no errors, and that is said", async () => {
  const { code, out } = await information(
    "bounds",
    decoder,
    "--x",
    npy("x1.npy", single.x),
    "--z",
    npy("z1.npy", single.z),
    ...short,
    "--quiet",
    "--out",
    path("single"),
  );
  expect(code).toBe(0);
  expect(out).toMatch(/one pair, so that nothing is known of its error/);
});

test("noise near nothing is told of, and a file that says another likelihood", async () => {
  const { code, error } = await information(
    "bounds",
    decoder,
    "--variance",
    "1e-12",
    "--likelihood",
    "laplace",
    "--pairs",
    "8",
    ...short,
    "--out",
    path("near"),
  );
  expect(code).toBe(0);
  expect(error).toMatch(/note: the variance of the noise, 1\.000e-12, is below a millionth of that of the data/);
  expect(error).toMatch(/note: the file says its likelihood is gaussian; taken as laplace/);
});

test("proposals that leave the decoder's domain are rejected and counted, and the bounds stay numbers", async () => {
  // log(z · w + 5): no number where a proposal goes below -5
  const edge = graph("edge.onnx", [product, { op: "Add", in: ["m", "c"], out: ["p"] }, { op: "Log", in: ["p"], out: ["y"] }], {
    W,
    c: array(5, "f32", []),
  });
  write("edge.json", JSON.stringify({ betas: [0, 0.5, 1], stepSizes: [3, 3], leapfrogs: 4, route: "prior" }));
  const { code } = await information(
    "bounds",
    edge,
    ...noise,
    "--pairs",
    "40",
    "--chains",
    "4",
    "--schedule",
    path("edge.json"),
    "--quiet",
    "--out",
    path("edge"),
  );
  expect(code).toBe(0);
  const results = JSON.parse(read("edge", "results.json"));
  expect(results.invalid).toBeGreaterThan(0);
  expect(results.warnings.join()).toMatch(/proposals were not finite and were rejected: check the decoder far from the prior/);
  for (const { name, mean, se, valid } of results.bounds)
    if (name.startsWith("annealed")) expect([Number.isFinite(mean), Number.isFinite(se), valid]).toEqual([true, true, true]);
  // among 40,000 draws of the prior some are beyond the edge: those bounds are none, and say so
  const prior = results.bounds.find((b: { name: string }) => b.name.startsWith("importance from the prior"));
  expect(prior).toMatchObject({
    valid: false,
    why: expect.stringMatching(/^\d+ weights are no numbers: the decoder is undefined at some draws of the prior/),
  });
});

test("draws of a dark Bernoulli decoder, most of whose rows are empty, pass the test of given pairs", async () => {
  const likelihood = likelihoodOf("bernoulli", "logits", [1], "f32");
  const dark = { ...jointOf((z) => network([2, 8, 40], 4)(z).sub(5), 2, 40, { dtype: "f32", likelihood }) };
  for (const count of [1, 3, 50])
    for (let seed = 0; seed < 20; seed++) await checkDraws(dark, await simulate(dark, count, randomStream(seed)));
  const bright = { ...dark, decode: (u: Tensor) => dark.decode(u).add(2) };
  await expect(checkDraws(dark, await simulate(bright, 50, randomStream(1)))).rejects.toThrow(/noise variances from what z decodes to/);
});

test("draws of the model pass the test of given pairs, however few; wrong noise does not", async () => {
  for (const name of likelihoodNames) {
    const output = name === "bernoulli" ? "logits" : "mean";
    const likelihood = likelihoodOf(name, output, [0.3], "f64");
    const joint = jointOf(network([2, 8, 5], 4) as never, 2, 5, { likelihood });
    const float = { ...joint, dtype: "f32" as const, likelihood: likelihoodOf(name, output, [0.3], "f32") };
    for (const [count, seeds] of [
      [1, 40],
      [2, 40],
      [7, 20],
      [300, 5],
    ])
      for (let seed = 0; seed < seeds; seed++) await checkDraws(float, await simulate(float, count, randomStream(seed)));
    if (name === "bernoulli") continue;
    const narrow = { ...float, likelihood: likelihoodOf(name, output, [0.1], "f32") };
    const pairs = await simulate(float, 60, randomStream(9));
    await expect(checkDraws(narrow, pairs)).rejects.toThrow(/noise variances from what z decodes to, not 1/);
  }
});
