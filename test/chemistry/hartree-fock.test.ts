/** Hartree-Fock against other programs, closed forms and symmetries. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hartreeFock, occupations } from "../../src/chemistry/hartree-fock/hartree-fock.ts";
import { inner } from "../../src/chemistry/hartree-fock/matrix.ts";
import { dipole, mullikenCharges, spinSquared } from "../../src/chemistry/hartree-fock/properties.ts";
import { twoElectronEnergy } from "../../src/chemistry/hartree-fock/two-electrons.ts";
import { readSystem } from "../../src/chemistry/systems/read.ts";
import { nucleiOf, type System } from "../../src/chemistry/systems/system.ts";
import fc from "../property.ts";

const read = (text: string, options = {}): System => readSystem(text, options).system;

/** Energies in hartree by an independent program, 8 digits. */
const known: Readonly<Record<string, readonly [number, number]>> = {
  H: [-0.46658185, -0.47103905],
  He: [-2.80778396, -2.84629209],
  H2: [-1.11671433, -1.12532437],
  Li: [-7.31552598, -7.39993123],
  LiH: [-7.86200927, -7.95195625],
  Be: [-14.35188048, -14.50336112],
  B: [-24.1489886, -24.39429456],
  C: [-37.19839256, -37.5723641],
  Ne: [-126.604525, -127.7767383],
  H4: [-2.11342892, -2.12788708],
};

test.each(Object.keys(known))("the energy of %s in both bases is that of another program", (name) => {
  const [three, six] = known[name];
  const found = [hartreeFock(read(name), "sto-3g"), hartreeFock(read(name), "sto-6g")];
  expect(found.map(({ converged }) => converged)).toEqual([true, true]);
  expect(Math.abs(found[0].energy - three)).toBeLessThan(1e-6);
  expect(Math.abs(found[1].energy - six)).toBeLessThan(1e-6);
});

test("HeH+ at 1.4632 a0, and orbital energies of H2, LiH and Be", () => {
  const ion = read("He 0 0 0; H 0 0 1.4632", { charge: 1 });
  expect(Math.abs(hartreeFock(ion, "sto-3g").energy + 2.8418365)).toBeLessThan(1e-6);
  expect(Math.abs(hartreeFock(ion, "sto-6g").energy + 2.87375944)).toBeLessThan(1e-6);
  const energies = (name: string) => [...hartreeFock(read(name), "sto-3g").up.energies];
  for (const [name, expected] of [
    ["H2", [-0.578203, 0.670268]],
    ["LiH", [-2.348657, -0.285656, 0.078257]],
    ["Be", [-4.483992, -0.254038]],
  ] as const)
    expected.forEach((value, k) => void expect(Math.abs(energies(name)[k] - value)).toBeLessThan(1e-6));
});

test("full configuration interaction of two electrons", () => {
  const exact = (text: string, basis: "sto-3g" | "sto-6g", state: "singlet" | "triplet", options = {}) =>
    twoElectronEnergy(hartreeFock(read(text, options), basis), state);
  expect(Math.abs(exact("H2", "sto-3g", "singlet") + 1.13727594)).toBeLessThan(1e-6);
  expect(Math.abs(exact("H2", "sto-6g", "singlet") + 1.14592924)).toBeLessThan(1e-6);
  // far apart both states are two atoms
  for (const state of ["singlet", "triplet"] as const) expect(exact("H 0 0 0; H 0 0 30", "sto-3g", state)).toBeCloseTo(2 * known.H[0], 6);
  // with two functions the triplet is one determinant, σg σu
  const triplet = hartreeFock(read("H2", { spin: 2 }), "sto-3g");
  expect(twoElectronEnergy(triplet, "triplet")).toBeCloseTo(triplet.energy, 10);
});

const oracle = `${process.env.PUSHFORWARD_DATA ?? "../shared/data"}/molecules/psi4-reference.json`;
describe.skipIf(!existsSync(oracle))("against Psi4", () => {
  type Entry = { charge: number; mult: number; geometry: string; nuc_rep: number; E: Record<string, { RHF?: number; UHF?: number }> };
  const all: Record<string, Entry> = existsSync(oracle) ? JSON.parse(readFileSync(oracle, "utf8")) : {};
  test.each(Object.keys(all))("%s in STO-3G", (name) => {
    const { charge, mult, geometry, nuc_rep, E } = all[name];
    const units = geometry.endsWith("angstrom") ? "angstrom" : "bohr";
    const system = read(geometry.replace(/\nunits .*$/, ""), { units, charge, spin: mult - 1 });
    const { RHF, UHF } = E["sto-3g"];
    const found = hartreeFock(system, "sto-3g", UHF === undefined ? "rhf" : "uhf");
    expect(found.converged).toBe(true);
    expect(Math.abs(found.integrals.nuclear - nuc_rep)).toBeLessThan(1e-5);
    expect(Math.abs(found.energy - (RHF ?? UHF ?? 0))).toBeLessThan(1e-6);
  });
});

test("a molecule apart is its atoms: spins localise where each has its own orbitals, and <S²> says so", () => {
  const apart = read("H 0 0 0; H 0 0 20");
  const restricted = hartreeFock(apart, "sto-3g");
  const own = hartreeFock(apart, "sto-3g", "uhf");
  expect(own.energy).toBeCloseTo(2 * known.H[0], 6);
  expect(spinSquared(own)).toBeCloseTo(1, 4);
  // half of the restricted state is H+ and H-: (J_AA - 1/R)/2 too high
  const { values } = own.integrals.repulsion;
  expect(restricted.energy - own.energy).toBeCloseTo((values.data[0] - 1 / 20) / 2, 5);
  expect(restricted.notes.join()).toMatch(/orbitals of their own for each spin are \d+ mHa lower \(--method uhf\)/);
  expect(hartreeFock(read("H2"), "sto-3g").notes).toEqual([]);
  const four = hartreeFock(read("H 0 0 0; H 0 0 12; H 0 0 24; H 0 0 36"), "sto-3g", "uhf");
  expect(four.energy).toBeCloseTo(4 * known.H[0], 6);
});

test("a field that is a saddle is left: breaking bonds have lower ones, and stretching never lowers the energy of N2", () => {
  const fluorine = read("F 0 0 0; F 0 0 2.8");
  const [closed, own] = [hartreeFock(fluorine, "sto-3g", "rhf"), hartreeFock(fluorine, "sto-3g", "uhf")];
  expect(own.energy).toBeLessThan(closed.energy - 0.01);
  const curve = [2.2, 3, 4, 5, 6].map((d) => hartreeFock(read(`N 0 0 0; N 0 0 ${d}`), "sto-3g", "rhf").energy);
  expect(curve).toEqual(curve.toSorted((a, b) => a - b));
});

test("unrestricted is never above restricted open-shell; common orbitals are pure states of their spin", () => {
  for (const [text, spin] of [
    ["Li 0 0 0; H 0 0 3.015", 2],
    ["N 0 0 0; O 0 0 2.17", 1],
    ["O 0 0 0; H 0 0 1.83", 1],
    ["C 0 0 0; H 0 1.8 1; H 0 -1.8 1", 2],
  ] as const) {
    const system = read(text, { spin, units: "bohr" });
    const [open, own] = [hartreeFock(system, "sto-3g", "rohf"), hartreeFock(system, "sto-3g", "uhf")];
    expect([open.converged, own.converged]).toEqual([true, true]);
    expect(own.energy).toBeLessThan(open.energy + 1e-9);
    expect(spinSquared(open)).toBeCloseTo((spin / 2) * (spin / 2 + 1), 9);
    expect(spinSquared(own)).toBeGreaterThan((spin / 2) * (spin / 2 + 1) - 1e-9);
  }
});

test("closed shells have one field by all three methods", () => {
  const system = read("LiH");
  const [a, b, c] = (["rhf", "rohf", "uhf"] as const).map((method) => hartreeFock(system, "sto-6g", method).energy);
  expect(b).toBeCloseTo(a, 9);
  expect(c).toBeCloseTo(a, 9);
});

const water = "O 0.1 0.2 0.3; H 1.5 1.3 0.3; H -1.2 1.4 0.4";

test("energy does not depend on place, direction and order of the nuclei; the dipole turns with them", () => {
  const system = read(water, { units: "bohr" });
  const nuclei = nucleiOf(system);
  const reference = hartreeFock(system, "sto-3g", "rhf");
  const moment = Math.hypot(...dipole(reference, nuclei));
  const angle = fc.double({ min: 0, max: 6, noNaN: true });
  fc.assert(
    fc.property(angle, angle, angle, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (a, b, shift, order) => {
      const moved = order.map((k) => {
        const [x, y, z] = nuclei[k].position;
        const [u, v] = [x * Math.cos(a) - y * Math.sin(a), x * Math.sin(a) + y * Math.cos(a)];
        return {
          ...nuclei[k],
          position: [u + shift, v * Math.cos(b) - z * Math.sin(b) - 2 * shift, v * Math.sin(b) + z * Math.cos(b)] as const,
        };
      });
      const found = hartreeFock({ ...system, field: { kind: "nuclei", nuclei: moved } }, "sto-3g", "rhf");
      expect(Math.abs(found.energy - reference.energy)).toBeLessThan(1e-8);
      expect(Math.abs(Math.hypot(...dipole(found, moved)) - moment)).toBeLessThan(1e-6);
      found.up.energies.forEach((value, k) => void expect(Math.abs(value - reference.up.energies[k])).toBeLessThan(1e-6));
    }),
    { numRuns: 6 },
  );
});

test("electrons are counted, charges add up, dipoles point from minus to plus", () => {
  const system = read("LiH");
  const found = hartreeFock(system, "sto-3g");
  const [up, down] = [found.densities.up, found.densities.down].map((d) => inner(d, found.integrals.overlap));
  expect([up, down].map((x) => Number(x.toFixed(9)))).toEqual([2, 2]);
  expect(mullikenCharges(found, nucleiOf(system)).reduce((sum, q) => sum + q, 0)).toBeCloseTo(0, 10);
  const [x, y, z] = dipole(found, nucleiOf(system));
  expect([x, y].map(Math.abs).every((value) => value < 1e-10)).toBe(true);
  // Li+ H-: 4.9 debye with a minimal basis, towards the lithium at the origin
  expect(z).toBeLessThan(-1.8);
  expect(z).toBeGreaterThan(-2.1);
  // LiH: energies of Koopmans: Σ ε + tr D h = 2 (E - E_nuc)
  const core = inner(found.densities.up, found.integrals.kinetic) + inner(found.densities.up, found.integrals.attraction);
  expect(found.up.energies[0] + found.up.energies[1] + core).toBeCloseTo(found.energy - found.integrals.nuclear, 8);
});

test("occupations by method", () => {
  const system = read("Li");
  expect(occupations(hartreeFock(system, "sto-3g"), system)).toEqual({ up: [2, 1, 0, 0, 0], down: [] });
  expect(occupations(hartreeFock(system, "sto-3g", "uhf"), system)).toEqual({ up: [1, 1, 0, 0, 0], down: [1, 0, 0, 0, 0] });
});

test.each([
  ["dot", {}, undefined, /Hartree-Fock is there for nuclei only/],
  ["Na", {}, undefined, /^there is no sto-6g basis for Na here/],
  ["He", { spin: 2 }, undefined, /^sto-6g has 1 orbital for He: too few for 2 electrons of one spin/],
  ["H", { charge: -3 }, undefined, /^sto-6g has 1 orbital for H3-: too few for 2 electrons of one spin/],
  ["Li", {}, "rhf", /^rhf needs closed shells; here 2 electrons have spin up and 1 spin down/],
  [Array.from({ length: 81 }, (_, i) => `He 0 0 ${3 * i}`).join(";"), {}, undefined, /^81 basis functions are too many: 80 are the most/],
] as const)("%.20s is refused", (text, options, method, message) => {
  expect(() => hartreeFock(read(text, options), "sto-6g", method)).toThrow(message);
});
