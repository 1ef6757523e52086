/** Pictures whose values are places on circles. */
import { expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit, type Tensor } from "../../../../src/tensor/index.ts";
import { type ImageHead, type ImageNet, imageAction, imageField, imageHeads } from "../../../../src/transport/images/learning/network.ts";
import { scheduleOf } from "../../../../src/transport/images/paths/schedules.ts";
import { gradient } from "../../../../src/transport/index.ts";
import { expectClose, f64 } from "../../../tensor/check.ts";
import { column } from "../../quadrature.ts";
import { doubled, noisyNet } from "../gaussian.ts";

const torus = scheduleOf("torus");
const form = { shape: [1, 2, 2], conditions: 0, schedule: torus, size: { channels: [2], blocks: 1 } } as const;
const rng = randomStream("circles");
const t = column([0.2, 0.7, 0.9]);
const x = rng.normal([3, 4], "f64");
const turns = [1, -2, 0, 3, 0, 0, -1, 5, 7, -4, 2, 0];
const turned = f64(
  toNumbers(x).map((v, i) => v + turns[i]),
  [3, 4],
);

const same = async (f: (net: ImageNet, t: Tensor, x: Tensor) => Tensor, net: ImageNet<NdArray>) => {
  const program = jit(f);
  const [here, there] = [await program(net, t, x), await program(net, t, turned)];
  expect(Math.max(...toNumbers(here).map(Math.abs))).toBeGreaterThan(1e-3);
  // sines of places up to 7 turns away, rounded at 2π 7 ε = 1e-14, under derivatives of the network
  expectClose(there, here, 1e-9);
};

test.each(imageHeads)("the action (%s) and its motion do not see whole turns", async (head: ImageHead) => {
  const net = doubled(noisyNet(form, head === "scalar" ? "one" : "seen", 3));
  await same((p, t, x) => imageAction(p, form, head)(t, x), net);
  await same((p, t, x) => gradient(imageAction(p, form, head), t, x), net);
});

test("nor do velocities", () => same((p, t, x) => imageField(p, form)(t, x), doubled(noisyNet(form, "field", 4))));

test("values are read off the circle, whichever turn they are on", async () => {
  const pictures = f64([-1, -0.5, 0, 0.25, 0.999, 1], [6, 1, 1, 1]);
  const decoded = await jit((x: Tensor, turns: Tensor) => torus.decode!(torus.at(x.mul(0), x, x).add(turns)))(
    pictures,
    f64([0, 1, -1, 4, -3, 2], [6, 1, 1, 1]),
  );
  expectClose(decoded, pictures, 1e-14);
});

test("starts are uniform on the circle, as the end of the path nearly is", async () => {
  const n = 20_000;
  const z = randomStream(7).normal([n, 1, 1, 1]);
  const far = (values: number[]): number =>
    values.toSorted((a, b) => a - b).reduce((d, v, i) => Math.max(d, Math.abs(v - (i + 0.5) / n) + 0.5 / n), 0);
  const starts = toNumbers(await jit((z: Tensor) => torus.prior!(z))(z));
  // Kolmogorov and Smirnov: chance 2 exp(-2 c²) = 2.7e-6 of a distance above c / √n
  const [c, slack] = [2.6 / Math.sqrt(n), 1e-6];
  expect(far([...starts])).toBeLessThan(c + slack);
  // the density of a wrapped normal of 1/2 turn is 1 + 2 e^(-π²/2) cos 2π u + …, its distribution within that over 2π of uniform
  const last = toNumbers(await jit((z: Tensor) => torus.at(z.mul(0).add(1), z.mul(0), z))(z)).map((v) => v - Math.floor(v));
  expect(far([...last])).toBeLessThan(c + Math.exp(-(Math.PI ** 2) / 2) / Math.PI + slack);
});
