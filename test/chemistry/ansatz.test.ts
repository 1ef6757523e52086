/** What every wave function must be: antisymmetric, translated with its nuclei, of the right cusps, differentiable by every route. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { electronsOfWave, type Parameters, type WaveNetwork, waveOf } from "../../src/chemistry/ansatz/ansatz.ts";
import { ansatzNames, ansatzOf } from "../../src/chemistry/ansatz/choose.ts";
import { plainNetwork } from "../../src/chemistry/ansatz/network.ts";
import { localEnergy } from "../../src/chemistry/energy/local-energy.ts";
import { kroneckerStatistics, perWalkerGradients } from "../../src/chemistry/solvers/curvature.ts";
import { passages } from "../../src/chemistry/solvers/passages.ts";
import { byName, flattened, piecesOf, unflattened } from "../../src/chemistry/solvers/vector.ts";
import { nucleiOf, type System } from "../../src/chemistry/systems/system.ts";
import { concat, grad, jit, jvp, type Tensor, vmap } from "../../src/tensor/index.ts";
import { cases, molecule, somewhere, trap } from "./cases.ts";
import { goldenSystem } from "./golden.ts";
import { plainKinetic } from "./plain-wave.ts";

/** Positions with two electrons exchanged. */
function exchanged(x: NdArray, i: number, j: number): NdArray {
  const [dimension, n, walkers] = x.shape;
  const from = (e: number) => (e === i ? j : e === j ? i : e);
  const data = Float64Array.from({ length: x.data.length }, (_, k) => {
    const [c, e, b] = [Math.floor(k / (n * walkers)), Math.floor(k / walkers) % n, k % walkers];
    return Number(x.data[(c * n + from(e)) * walkers + b]);
  });
  return ndarray(data, [dimension, n, walkers], "f64");
}

const largest = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, v, k) => Math.max(most, Math.abs(v - b[k]) / Math.max(1, Math.abs(b[k]))), 0);

describe.each(cases)("$label", ({ system, ansatz, parameters }) => {
  const value = jit((p: Parameters<Tensor>, x: Tensor) => waveOf(ansatz, x, plainNetwork(p)));

  test("exchanging electrons of one spin turns the sign and nothing else; of unlike spins does not", async () => {
    const x = somewhere(system, 20);
    const at = await value(parameters, x);
    expect(toNumbers(at.logAbs).every(Number.isFinite)).toBe(true);
    if (system.up > 1) {
      const after = await value(parameters, exchanged(x, 0, 1));
      expect(toNumbers(after.sign)).toEqual(toNumbers(at.sign).map((s) => -s));
      expect(largest(toNumbers(after.logAbs), toNumbers(at.logAbs))).toBeLessThan(1e-11);
      const other = await value(parameters, exchanged(x, 0, 2));
      expect(largest(toNumbers(other.logAbs), toNumbers(at.logAbs))).toBeGreaterThan(1e-3);
    }
  });

  test("forward Laplacian, in two stages, and Hessian agree; so do ∇E_loc and finite differences", async () => {
    const program = jit((p: Parameters<Tensor>, x: Tensor) => {
      const network = plainNetwork(p);
      const { kinetic, energy } = localEnergy(system, ansatz, network, x);
      const plain = plainKinetic(ansatz, x, network);
      const slope = grad((y: Tensor) => localEnergy(system, ansatz, network, y).energy.sum())(x);
      return { kinetic, energy, plain, slope };
    });
    const x = somewhere(system, 6);
    const { kinetic, plain, slope } = await program(parameters, x);
    expect(largest(toNumbers(kinetic), toNumbers(plain))).toBeLessThan(1e-9);
    // along one direction for all walkers at once; errors h² E''' and rounding ε E / h, both below 1e-5 of the size here
    const v = randomStream(5).normal(x.shape, "f64");
    const h = 1e-5;
    const moved = async (s: number) => {
      const y = ndarray(
        x.data.map((value, k) => value + s * h * v.data[k]),
        x.shape,
        "f64",
      );
      return toNumbers((await program(parameters, y)).energy);
    };
    const [ahead, behind] = [await moved(1), await moved(-1)];
    const walkers = x.shape[2];
    const along = ahead.map((_, b) => toNumbers(slope).reduce((sum, s, k) => (k % walkers === b ? sum + s * v.data[k] : sum), 0));
    expect(
      largest(
        ahead.map((e, b) => (e - behind[b]) / (2 * h)),
        along,
      ),
    ).toBeLessThan(1e-5);
  });

  test("in single precision the local energy of half of the walkers is right to 1e-5, of nine in ten to 1e-3", async () => {
    // rounding is amplified near nodes only, of which a tenth of the walkers is near
    const program = jit((p: Parameters<Tensor>, x: Tensor) => localEnergy(system, ansatz, plainNetwork(p), x).energy);
    const x = somewhere(system, 200);
    const narrow = (a: NdArray): NdArray => ndarray(Float32Array.from(toNumbers(a)), a.shape, "f32");
    const p = converted(parameters, narrow);
    const [rough, exact] = [await program(p, narrow(x)), await program(converted(p, wide), wide(narrow(x)))];
    const errors = toNumbers(rough)
      .map((e, b) => Math.abs(e - toNumbers(exact)[b]) / Math.max(1, Math.abs(toNumbers(exact)[b])))
      .sort((a, b) => a - b);
    expect(errors[100]).toBeLessThan(1e-5);
    expect(errors[180]).toBeLessThan(1e-3);
  });

  test("the tangent of log q along u is u · ∇ log q", async () => {
    const x = somewhere(system, 8);
    const u = randomStream(6).normal(x.shape, "f64");
    const both = await jit((p: Parameters<Tensor>, y: Tensor, d: Tensor) => {
      const f = (z: Tensor): Tensor => waveOf(ansatz, z, plainNetwork(p)).logAbs.mul(2);
      return {
        along: jvp(f, [y], [d])[1],
        dotted: grad((z: Tensor) => f(z).sum())(y)
          .mul(d)
          .sum([0, 1]),
      };
    })(parameters, x, u);
    expect(largest(toNumbers(both.along), toNumbers(both.dotted))).toBeLessThan(1e-11);
  });

  test("gradients and moments from passages are those of single walkers", async () => {
    const walkers = 5;
    const found = await jit((p: Parameters<Tensor>, x: Tensor) => {
      const passed = passages(ansatz, p, x);
      const one = (y: Tensor): Tensor[] => {
        const g = grad((q: Parameters<Tensor>) => waveOf(ansatz, y.expandDims(2), plainNetwork(q)).logAbs.sum().mul(2))(p);
        return piecesOf(g).map((t) => t.reshape([t.size]));
      };
      const rows = vmap((y: Tensor) => concat(one(y), 0), [2])(x).transpose();
      const centred = rows.sub(rows.mean(1, true)).div(Math.sqrt(walkers));
      return { rows: perWalkerGradients(passed, p, walkers), centred, plain: rows, moments: kroneckerStatistics(passed, p, walkers) };
    })(parameters, somewhere(system, walkers));
    expect(found.rows.shape).toEqual(found.centred.shape);
    expect(largest(toNumbers(found.rows), toNumbers(found.centred))).toBeLessThan(1e-10);
    // other parameters: their block is the mean of O Oᵀ
    const plain = toNumbers(found.plain);
    let at = Object.values(parameters.linear).reduce((n, { weight, bias }) => n + weight.data.length + (bias?.data.length ?? 0), 0);
    for (const [name, { data }] of byName(parameters.other)) {
      const o = Array.from({ length: data.length }, (_, k) => plain.slice((at + k) * walkers, (at + k + 1) * walkers));
      const block = o.flatMap((a) => o.map((b) => a.reduce((sum, v, w) => sum + v * b[w], 0) / walkers));
      expect(largest(toNumbers(found.moments.other[name]), block)).toBeLessThan(1e-10);
      at += data.length;
    }
    expect(at * walkers).toBe(plain.length);
  });

  if (Object.keys(parameters.linear).length > 0)
    test("moments of linear maps are those of what goes in and of the slopes of what comes out", async () => {
      const walkers = 3;
      const found = await jit((p: Parameters<Tensor>, x: Tensor) => {
        const inputs: Record<string, Tensor> = {};
        const plain = plainNetwork(p);
        const recording: WaveNetwork = {
          linear: (name, y) => {
            inputs[name] = y;
            return plain.linear(name, y);
          },
          other: plain.other,
        };
        waveOf(ansatz, x, recording);
        // slopes by an offset of one element at a time, here of the first map and the last
        const names = [Object.keys(p.linear)[0], Object.keys(p.linear).at(-1) ?? ""];
        const slopes = names.map((name) => {
          const shape = [p.linear[name].weight.shape[1], ...inputs[name].shape.slice(1)];
          const offset = inputs[name].slice([0, 1]).mul(0).broadcastTo(shape);
          return grad((o: Tensor) => {
            const shifted: WaveNetwork = {
              linear: (n, y) => (n === name ? plain.linear(n, y).add(o) : plain.linear(n, y)),
              other: plain.other,
            };
            return waveOf(ansatz, x, shifted).logAbs.sum().mul(2);
          })(offset);
        });
        const { linear } = kroneckerStatistics(passages(ansatz, p, x), p, walkers);
        return { moments: names.map((name) => linear[name]), inputs: names.map((name) => inputs[name]), slopes };
      })(parameters, somewhere(system, walkers));
      const names = [Object.keys(parameters.linear)[0], Object.keys(parameters.linear).at(-1) ?? ""];
      names.forEach((name, m) => {
        const gram = (t: NdArray, one: boolean, by: number): number[] => {
          const [rows, columns] = [t.shape[0], t.data.length / t.shape[0]];
          const table = Array.from({ length: rows }, (_, i) => toNumbers(t).slice(i * columns, (i + 1) * columns));
          const all = one ? [...table, new Array<number>(columns).fill(1)] : table;
          return all.flatMap((a) => all.map((b) => a.reduce((sum, v, k) => sum + v * b[k], 0) / by));
        };
        const input = found.inputs[m];
        const bias = parameters.linear[name].bias !== undefined;
        expect(largest(toNumbers(found.moments[m].inputs), gram(input, bias, input.data.length / input.shape[0]))).toBeLessThan(1e-10);
        expect(largest(toNumbers(found.moments[m].outputs), gram(found.slopes[m], false, walkers))).toBeLessThan(1e-10);
      });
    });

  if (system.field.kind === "nuclei")
    test("moving nuclei and electrons together changes nothing", async () => {
      const by = [0.3, -1.1, 0.7];
      const nuclei = nucleiOf(system).map(({ position: [a, b, c], ...rest }) => ({
        ...rest,
        position: [a + by[0], b + by[1], c + by[2]] as const,
      }));
      const elsewhere: System = { ...system, field: { kind: "nuclei", nuclei } };
      const x = somewhere(system, 4);
      const each = x.data.length / 3;
      const moved = ndarray(
        x.data.map((v, k) => v + by[Math.floor(k / each)]),
        x.shape,
        "f64",
      );
      const there = remade(ansatz.name, elsewhere, parameters);
      const energy = (s: System, a: typeof ansatz) => jit((p: Parameters<Tensor>, y: Tensor) => localEnergy(s, a, plainNetwork(p), y));
      const [here, other] = [await energy(system, ansatz)(parameters, x), await energy(elsewhere, there)(parameters, moved)];
      expect(largest(toNumbers(other.energy), toNumbers(here.energy))).toBeLessThan(1e-9);
      expect(largest(toNumbers(other.logAbs), toNumbers(here.logAbs))).toBeLessThan(1e-9);
    });
});

/** The same kind of wave function for another system, by its parameters. */
function remade(name: string, system: System, { other }: Parameters<NdArray>) {
  const kind = ansatzNames.find((known) => known === name) ?? "psiformer";
  const factored = "cusp.bend" in other;
  return ansatzOf(kind, system, { width: 4, pairWidth: 3, layers: 2, heads: 2, determinants: 2, factored, cusp: factored });
}

test("the local energy stays bounded where two electrons meet", async () => {
  for (const name of ["psiformer", "ferminet", "lapnet", "slater-jastrow", "hydrogenic"] as const) {
    const system = name === "hydrogenic" ? molecule("He") : goldenSystem;
    const ansatz = ansatzOf(name, system, { width: 4, pairWidth: 3, heads: 2, determinants: 2 });
    const n = system.up + system.down;
    // unlike spins meet at (0.4, 0.5, 0.8), along (1, 2, -2) / 3
    const gaps = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
    const place = (c: number, e: number, gap: number): number =>
      e === n - 1 ? [0.4, 0.5, 0.8][c] + (gap * [1, 2, -2][c]) / 3 : e === 0 ? [0.4, 0.5, 0.8][c] : [-0.6, 0.2, 2.5][c];
    const data = Float64Array.from({ length: 3 * n * gaps.length }, (_, k) =>
      place(Math.floor(k / (n * gaps.length)), Math.floor(k / gaps.length) % n, gaps[k % gaps.length]),
    );
    const p = doubles(ansatz.init(randomStream(2)));
    const { energy } = await jit((q: Parameters<Tensor>, x: Tensor) => localEnergy(system, ansatz, plainNetwork(q), x))(
      p,
      ndarray(data, [3, n, gaps.length], "f64"),
    );
    const e = toNumbers(energy);
    // a term c/r would make the last two differ by 9e4 c; rounding of the 1/r that cancel is 1e5 ε
    expect(Math.abs(e[4] - e[3]), name).toBeLessThan(0.01 * (1 + Math.abs(e[4])));
    expect(Math.abs(e[3] - e[2]), name).toBeLessThan(0.1 * (1 + Math.abs(e[3])));
  }
});

/** Parameters in another precision. */
function converted({ linear, other }: Parameters<NdArray>, to: (a: NdArray) => NdArray): Parameters<NdArray> {
  return {
    linear: Object.fromEntries(
      Object.entries(linear).map(([name, { weight, bias }]) => [name, { weight: to(weight), ...(bias && { bias: to(bias) }) }]),
    ),
    other: Object.fromEntries(Object.entries(other).map(([name, p]) => [name, to(p)])),
  };
}
const wide = (a: NdArray): NdArray => ndarray(Float64Array.from(toNumbers(a)), a.shape, "f64");
const doubles = (p: Parameters<NdArray>): Parameters<NdArray> => converted(p, wide);

test("the slope of log ψ where electrons meet: of J ¼ for like spins, ½ for unlike ones; 1 / (d ± 1) in two dimensions", async () => {
  const { jastrow } = await import("../../src/chemistry/ansatz/jastrow.ts");
  for (const [system, slope] of [
    [molecule("He"), 1 / 2],
    [trap("dimension=3 up=2 down=0"), 1 / 4],
    [trap("dimension=2"), 1],
    [trap("dimension=2 up=2 down=0"), 1 / 3],
  ] as const) {
    const h = 1e-6;
    const data = Float64Array.from({ length: system.dimension * 2 * 2 }, (_, k) => (k === 2 ? h : k === 3 ? 2 * h : 0));
    const network = plainNetwork({ linear: {}, other: {} });
    const j = await jit((x: Tensor, alpha: Tensor) => jastrow(system, x, { ...network, other: () => alpha }) ?? x)(
      ndarray(data, [system.dimension, 2, 2], "f64"),
      ndarray(Float64Array.of(0.8), [1], "f64"),
    );
    // second order: c h / α
    expect((toNumbers(j)[1] - toNumbers(j)[0]) / h).toBeCloseTo(slope, 5);
  }
});

test("with its factor, the slope of log ψ at a nucleus is -Z for smooth orbitals", async () => {
  const helium = molecule("He");
  const ansatz = ansatzOf("slater-jastrow", helium);
  const h = 1e-6;
  // electron 0 at h and 2h from the nucleus along x, electron 1 far
  const data = Float64Array.from([h, 2 * h, 0, 0, 0, 0, 1.5, 1.5, 0, 0, 0, 0]);
  const { logAbs } = await jit((p: Parameters<Tensor>, x: Tensor) => waveOf(ansatz, x, plainNetwork(p)))(
    doubles(ansatz.init(randomStream(1))),
    ndarray(data, [3, 2, 2], "f64"),
  );
  // J and its slope along x, at right angles to r12, vanish; second order: Z b h
  expect((toNumbers(logAbs)[1] - toNumbers(logAbs)[0]) / h).toBeCloseTo(-2, 3);
});

test("one electron, one spin, no repulsion: every network has finite energies and forces", async () => {
  const systems = [molecule("H"), molecule("H2+"), trap("dimension=1 up=2 down=2 repulsion=0"), trap("dimension=2 up=0 down=3")];
  for (const [k, system] of systems.entries())
    for (const name of ["psiformer", "ferminet", "lapnet"] as const) {
      const factored = k % 2 === 1;
      const ansatz = ansatzOf(name, system, { width: 4, pairWidth: 3, layers: 1, heads: 2, determinants: 2, factored });
      const found = await jit((p: Parameters<Tensor>, x: Tensor) => {
        const energy = (y: Tensor): Tensor => localEnergy(system, ansatz, plainNetwork(p), y).energy;
        const { orbitals } = ansatz;
        const network = plainNetwork(p);
        const phi = orbitals ? orbitals(x, electronsOfWave(ansatz, x, network), network) : x;
        return { e: energy(x), slope: grad((y: Tensor) => energy(y).sum())(x), phi };
      })(doubles(ansatz.init(randomStream(5))), somewhere(system, 3));
      const n = system.up + system.down;
      expect(found.phi.shape).toEqual([2, n, n, 3]);
      for (const value of [...toNumbers(found.e), ...toNumbers(found.slope)])
        expect(Number.isFinite(value), `${name}, ${system.name}`).toBe(true);
    }
});

test("parameters come back from a vector as they were, also after a program has sorted their names", async () => {
  const { parameters } = cases[0];
  const through = await jit((p: Parameters<Tensor>) => p)(parameters);
  expect(flattened(through)).toEqual(flattened(parameters));
  const back = unflattened(flattened(through), parameters);
  for (const [name, { weight }] of Object.entries(parameters.linear)) expect(back.linear[name].weight).toEqual(weight);
  for (const [name, p] of Object.entries(parameters.other)) expect(back.other[name]).toEqual(p);
});

test("sizes that do not go together are refused by name", () => {
  const helium = molecule("He");
  expect(() => ansatzOf("psiformer", helium, { width: 10, heads: 4 })).toThrow(/width of 10 is not divisible by 4 heads/);
  expect(() => ansatzOf("lapnet", helium, { determinants: 0 })).toThrow(/determinants is 0/);
  expect(() => ansatzOf("hydrogenic", goldenSystem)).toThrow(/one orbital only/);
  expect(() => ansatzOf("gaussian", trap("up=2 down=1"))).toThrow(/one orbital only/);
  expect(() => ansatzOf("hydrogenic", trap("up=1 down=1"))).toThrow(/nuclei/);
  expect(() => ansatzOf("psiformer", trap("up=1 down=1"), { cusp: true })).toThrow(/no nuclei/);
});
