import { expect, test } from "vitest";
import { waveOf } from "../../src/chemistry/ansatz/ansatz.ts";
import { plainNetwork } from "../../src/chemistry/ansatz/network.ts";
import { localEnergy } from "../../src/chemistry/energy/local-energy.ts";
import { grad, jit, jvp, type Tensor, tanh, valueAndGrad } from "../../src/tensor/index.ts";
import { golden, goldenParameters, goldenSystem, positions } from "./golden.ts";

const place = [
  [0.5, 0.4, -0.3],
  [0.2, -0.5, 3.3],
  [-0.3, 0.6, 0.9],
];
const nearNode = [
  [0.3, -0.2, 0.5],
  [-0.4, 0.6, 2.6],
  [0.1, 0.25, -0.7],
];
const swapped = [nearNode[1], nearNode[0], nearNode[2]];

type P = Parameters<typeof plainNetwork>[0];
const energyOf = (p: P, x: Tensor) => localEnergy(goldenSystem, golden, plainNetwork(p), x);
const at = (p: P, x: Tensor) => {
  const slope = grad((y: Tensor) => energyOf(p, y).energy.sum())(x);
  const { energy, logAbs, laplacian, gradient, potential } = energyOf(p, x);
  const v = potential.external.add(potential.repulsion).add(potential.nuclei);
  return { energy, logAbs, laplacian, gradient, slope, v, sign: waveOf(golden, x, plainNetwork(p)).sign };
};
/** Coordinates electron by electron, of walker b of `of`. */
const byElectron = (values: ArrayLike<number>, b: number, of: number): number[] =>
  [0, 1, 2].flatMap((i) => [0, 1, 2].map((c) => values[(c * 3 + i) * of + b]));

const close = (a: number, b: number, tolerance: number) => expect(Math.abs(a - b)).toBeLessThan(tolerance * Math.max(1, Math.abs(b)));

test("the golden network has the values, derivatives and energies that were computed elsewhere", async () => {
  const r = await jit(at)(goldenParameters("f64"), positions([place, nearNode, swapped], "f64"));
  const [sign, logAbs, lap, v, energy] = [r.sign, r.logAbs, r.laplacian, r.v, r.energy].map(({ data }) => Array.from(data, Number));
  expect(sign).toEqual([-1, -1, 1]);
  close(logAbs[0], -4.266574105915, 1e-10);
  close(lap[0], -22.8015561363, 1e-8);
  close(v[0], -7.87802598, 1e-9);
  close(energy[0], -1.921455036, 1e-8);
  const slope = [-0.366631304, -0.689222997, 0.073321111, -1.690304747, 1.921147811, -1.071765876, -0.267405616, 0.834978557, 1.344721277];
  const force = [3.305315154, 2.278412961, -2.006608963, 0.429363859, -2.279522601, -0.79142903, -0.634018297, -3.984709177, -2.781838957];
  byElectron(r.gradient.data as Float64Array, 0, 3).forEach((g, k) => close(g, slope[k], 1e-8));
  byElectron(r.slope.data as Float64Array, 0, 3).forEach((g, k) => close(g, force[k], 1e-8));
  for (const b of [1, 2]) {
    close(logAbs[b], -6.695347611823, 1e-10);
    close(lap[b], -1501.9576102, 1e-8);
    close(energy[b], 5.699919574, 1e-8);
  }
});

test("in single precision the local energy of the golden network is right to 1e-4", async () => {
  const r = await jit(at)(goldenParameters("f32"), positions([place], "f32"));
  close(Number(r.energy.data[0]), -1.921455036, 1e-4);
});

test("the Wasserstein loss of the golden network and its derivatives", async () => {
  const loss = (p: P, x: Tensor) => {
    const u = tanh(grad((y: Tensor) => energyOf(p, y).energy.sum())(x));
    return valueAndGrad((q: P) =>
      jvp((y: Tensor) => waveOf(golden, y, plainNetwork(q)).logAbs, [x], [u])[1]
        .mul(2)
        .sum(),
    )(p);
  };
  const [value, g] = await jit(loss)(goldenParameters("f64"), positions([place], "f64"));
  const total = (a: { data: ArrayLike<number | bigint> }): number => Array.from(a.data, Number).reduce((s, v) => s + v, 0);
  close(Number(value.data[0]), -9.9783442604, 1e-8);
  close(total(g.linear.embed.weight), -6.8799346, 1e-7);
  close(total(g.linear["layer0.query"].weight), 0.0934271, 1e-6);
  close(total(g.linear["layer0.out"].weight), 0.083378, 1e-6);
  close(total(g.linear["layer0.mlp1"].weight), -1.1847142, 1e-7);
  close(total(g.linear["orbitals.up"].weight), 493.1814059, 1e-8);
  close(total(g.other["envelope.up.decay"]), 15.9879137, 1e-7);
  close(total(g.other["jastrow.parallel"]), 0.0298025973, 1e-8);
  close(total(g.other["jastrow.antiparallel"]), 0.1616506193, 1e-8);
});
