/** Systems from text: what they are, what is told, what is refused. */
import { expect, test } from "vitest";
import { element } from "../../src/chemistry/systems/elements.ts";
import { presets } from "../../src/chemistry/systems/presets.ts";
import { readSystem } from "../../src/chemistry/systems/read.ts";
import { allowedSpins, hund } from "../../src/chemistry/systems/spin.ts";
import { electronsOf, nucleiOf } from "../../src/chemistry/systems/system.ts";
import fc from "../property.ts";

const angstrom = 1 / 0.52917721092;

test("every preset is neutral or the ion of its name, and has its ground state's spin", () => {
  for (const name of Object.keys(presets)) {
    const { system, notes } = readSystem(name);
    const protons = nucleiOf(system).reduce((sum, { charge }) => sum + charge, 0);
    const charge = name.endsWith("+") ? 1 : name.endsWith("-") ? -1 : 0;
    expect([name, electronsOf(system)]).toEqual([name, protons - charge]);
    if (name !== "F") expect(system.reference?.energy).toBeLessThan(0);
    expect(notes).toEqual([]);
  }
  expect(["Li", "B", "C", "N", "O", "F", "Ne"].map((name) => readSystem(name).system).map(({ up, down }) => up - down)).toEqual([
    1, 1, 2, 3, 2, 1, 0,
  ]);
});

test("atoms fill shells as in the periodic table", () => {
  expect(Array.from({ length: 19 }, (_, n) => hund(n))).toEqual([0, 1, 0, 1, 0, 1, 2, 3, 2, 1, 0, 1, 0, 1, 2, 3, 2, 1, 0]);
  expect(hund(19)).toBeUndefined();
  expect([1, 2, 5, 12].map(allowedSpins)).toEqual(["1", "0, 2", "1, 3, 5", "0, 2, 4, 6, …, 12"]);
});

test("elements by symbol, number and label", () => {
  expect(["H", "he", "10", "NE", "C12", "118"].map((name) => element(name)?.number)).toEqual([1, 2, 10, 10, 6, 118]);
  expect(["", "Xx", "0", "119", "1.5", "-1", "H H"].map(element)).toEqual(new Array(7).fill(undefined));
});

test("text is in bohr unless units are given, and the unit is told", () => {
  const { system, notes } = readSystem("Li 0 0 0; H 0 0 3.015");
  expect(system).toMatchObject({ name: "LiH", title: "LiH, 3.015 a0 apart", dimension: 3, up: 2, down: 2, repulsion: 1, softening: 0 });
  expect(nucleiOf(system).map(({ charge, position }) => [charge, ...position])).toEqual([
    [3, 0, 0, 0],
    [1, 0, 0, 3.015],
  ]);
  expect(notes).toEqual([
    "coordinates were taken in bohr (--units angstrom if not)",
    "spin 2S = 0 was taken, the lowest of 4 electrons (--spin for others)",
  ]);
  const other = readSystem("Li,0,0,0\nH\t0 0\t1.5 # hydride", { units: "angstrom", spin: 0 });
  expect(nucleiOf(other.system)[1].position[2]).toBeCloseTo(1.5 * angstrom, 12);
  expect(other).toMatchObject({ notes: [], system: { title: "LiH, 1.5 Å apart" } });
  expect(nucleiOf(readSystem("Li 0 0 0; H 0 0 3", { units: "a0" }).system)[1].position[2]).toBe(3);
});

test("an XYZ file is in Å: comment, blank lines, more columns, numbers for symbols, Fortran's exponents", () => {
  const text = "\uFEFF3\r\nwater, from a program\r\n8  0.0 0.0 1.2D-1 0.5\r\nH1 0.75 0.58 0 -0.1\r\nH  -7.5e-1 .58 0. 0\r\n\r\n\r\n";
  const { system, notes } = readSystem(text, { source: "water.xyz" });
  expect(system).toMatchObject({ name: "OH2", title: "water, from a program", up: 5, down: 5 });
  expect(nucleiOf(system).map(({ symbol }) => symbol)).toEqual(["O", "H", "H"]);
  expect(nucleiOf(system)[0].position[2]).toBeCloseTo(0.12 * angstrom, 14);
  expect(nucleiOf(system)[2].position).toEqual([-0.75 * angstrom, 0.58 * angstrom, 0]);
  expect(notes).toEqual([
    "columns after x, y and z were left out",
    '"H1" was read as an atom of H',
    "coordinates are in Å, as in all XYZ files (--units bohr if not)",
    "spin 2S = 0 was taken, the lowest of 10 electrons (--spin for others)",
  ]);
  const two = readSystem("1\n\nHe 0 0 0\n1\n\nHe 0 0 1\n");
  expect(two.notes).toContain("the text holds more than one geometry: the first was taken");
});

test("what is written as an XYZ file is read back", () => {
  const coordinate = fc.double({ min: -5, max: 5, noNaN: true });
  const atom = fc.tuple(fc.constantFrom("H", "He", "C", "Ne"), coordinate, coordinate, coordinate);
  fc.assert(
    fc.property(fc.array(atom, { minLength: 1, maxLength: 6 }), fc.constantFrom("\n", "\r\n"), (atoms, end) => {
      const far = atoms.every(([, ...a], i) => atoms.every(([, ...b], j) => i === j || Math.hypot(...a.map((x, k) => x - b[k])) > 0.2));
      fc.pre(far);
      const text = [atoms.length, "made here", ...atoms.map((row) => row.join(" "))].join(end);
      const { system } = readSystem(text, { units: "bohr", source: "a.xyz" });
      expect(nucleiOf(system).map(({ symbol, position }) => [symbol, ...position])).toEqual(atoms);
      expect(system.up - system.down).toBeLessThanOrEqual(3);
    }),
  );
});

test("any text is read or refused with a message for people", () => {
  const pieces = fc.constantFrom("H", "Li", "3", "0", " ", "\n", ";", "1e999", "NaN", "dot", "V=", "omega=1", "x", "-", "#", "½");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((some) => some.join(" ")),
        fc.array(pieces).map((some) => some.join("")),
      ),
      (text) => {
        try {
          const { system } = readSystem(text);
          expect(electronsOf(system)).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ name: "UserError" });
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("charge and spin of a preset can be changed; its reference energy then does not stand", () => {
  const ion = readSystem("He", { charge: 1 });
  expect(ion.system).toMatchObject({ name: "He+", title: "He+ ion", up: 1, down: 0 });
  expect(ion.system.reference).toBeUndefined();
  expect(ion.notes).toContain("no reference energy is known for He of this charge and spin");
  expect(readSystem("H2", { spin: 2 }).system).toMatchObject({ up: 2, down: 0 });
  expect(readSystem("H2", { units: "angstrom" }).notes).toEqual(["--units does nothing here: a preset brings its geometry along"]);
  expect(readSystem("Na").system).toMatchObject({ name: "Na", up: 6, down: 5 });
});

test("suspicious distances are told", () => {
  const warning = (text: string) => readSystem(text, { units: "bohr", spin: 0 }).notes;
  expect(warning("H 0 0 0; H 0 0 0.5")).toEqual([
    "all neighbours are nearer than any bond (0.500 a0): is the geometry in Å or bohr? (--units)",
  ]);
  expect(warning("H 0 0 0; H 0 0 25")).toEqual([
    "all nuclei are farther apart than any bond (25.0 a0): is the geometry in Å or bohr? (--units)",
  ]);
  expect(warning("H 0 0 0; H 0 0 1.4; He 0 0 40")).toEqual([]);
  expect(readSystem("Na 0 0 0; Cl 0 0 4.5").notes).toContain(
    "there is no Gaussian basis for Na, Cl (Z > 10): no Hartree-Fock, start from Slater's orbitals",
  );
});

test.each([
  ["", {}, /^there is no system/],
  ["Lih", {}, /^there is no preset and no file "Lih".*did you mean LiH\?$/],
  ["benzene", {}, /^there is no preset and no file "benzene".*presets: H, He/],
  ["Lx 0 0 0; H 0 0 3", {}, /^atom 1: there is no element "Lx".*did you mean Li\?$/],
  ["H 0 0 0; ; H 0 0", {}, /^atom 2: "H 0 0" has 2 of 3 coordinates/],
  ["H 0 0 NaN", {}, /^atom 1: z is "NaN", which is no finite number/],
  ["H 0 1e999 0", {}, /^atom 1: y is "1e999", which is no finite number/],
  ["H 0x10 0 0", {}, /^atom 1: x is "0x10", which is no finite number/],
  ["; ;", {}, /^there are no atoms in the text/],
  ["H 0 0 0; H 0 0 0.05", {}, /^nuclei 1 \(H\) and 2 \(H\) are 0\.050 a0 apart.*--units/],
  ["H 0 0 0; H 0 0 0", {}, /^nuclei 1 \(H\) and 2 \(H\) are 0\.0 a0 apart/],
  ["He", { spin: 1 }, /^He, charge 0: 2 electrons and spin 2S = 1 do not go together: an even number .* \| allowed spins .* are 0, 2;/],
  ["Li", { spin: 5 }, /^Li, charge 0: 3 electrons and spin 2S = 5 do not go together: there are not so many electrons \| .* 1, 3;/],
  ["Li", { spin: 0.5 }, /^Li, charge 0: .*: 2S is a whole number, 0 or more/],
  ["H", { charge: 1 }, /^H\+: charge 1 leaves no electrons: the nuclei have 1 protons \| give a charge of at most 0$/],
  ["H", { charge: 0.5 }, /^charge is a whole number/],
  ["", { source: "a.xyz" }, /^a\.xyz is empty/],
  [" \n\n", { source: "a.xyz" }, /^a\.xyz is empty/],
  ["Li 0 0 0", { source: "a.xyz" }, /^a\.xyz, line 1: "Li 0 0 0" is no count of atoms/],
  ["0\n\n", { source: "a.xyz" }, /^a\.xyz holds no atoms/],
  ["2\n\nH 0 0 0\n", { source: "a.xyz" }, /^a\.xyz: 2 atoms announced, 1 there/],
  ["2\n\nH 0 0 0\n\nH 0 0 1\n", { source: "a.xyz" }, /^a\.xyz: 2 atoms announced, 1 there/],
  ["1\n\nH 0 0 0\nH 0 0 1\n", { source: "a.xyz" }, /^a\.xyz: 1 atoms announced, but line 4 follows/],
  ["2\n\nH 0 0 0\nX 0 0 1\n", { source: "a.xyz" }, /^a\.xyz, line 4: there is no element "X"/],
  ["999999999999\n\nH 0 0 0", { source: "a.xyz" }, /^a\.xyz: 999999999999 atoms announced, 1 there/],
  [`600\n\n${"H 0 0 0\n".repeat(600)}`, { source: "a.xyz" }, /^a\.xyz holds 600 atoms; 500 are the most/],
  ["dot omga=1", {}, /^a trap has no "omga" \| did you mean omega=…\?$/],
  ["dot dimension=4", {}, /^trap: dimension is 1, 2 or 3, not 4/],
  ["dot omega=0", {}, /^trap: omega, in hartree, is above 0, not 0/],
  ["dot up=1.5", {}, /^trap: up is a number of electrons, not 1\.5/],
  ["dot up=0 down=0", {}, /^trap: there are no electrons/],
  ["dot up=a", {}, /^trap: up is "a", which is no finite number/],
  ["dot up=1 up=2", {}, /^trap: up is given twice/],
  ["dot repulsion=-1", {}, /^trap: repulsion is 0 \(none\) or above/],
  ["dot softening=-1", {}, /^trap: softening, in bohr, is 0 or above/],
  ["dot dimension=1", {}, /^trap: in one dimension 1\/\|x\| .*softening=1/],
  ["dot", { spin: 2 }, /^--spin does not go with "dot"/],
  ["V =", {}, /^the potential has no formula/],
])("%j with %j is refused", (text, options, message) => {
  const said = (() => {
    try {
      readSystem(text, options);
      return "nothing";
    } catch (error) {
      return error instanceof Error ? `${error.message} | ${"hint" in error ? (error.hint ?? "") : error.stack}` : "no error";
    }
  })();
  expect(said.replace(/ \| $/, "")).toMatch(message);
});

test("traps: defaults, words, and what is known of their energies", () => {
  const trap = (text: string) => readSystem(text).system;
  expect(trap("dot")).toMatchObject({
    dimension: 2,
    field: { kind: "trap", omega: 1 },
    up: 1,
    down: 1,
    repulsion: 1,
    reference: { energy: 3 },
  });
  expect(trap("trap dimension=3 omega=0.5").reference?.energy).toBe(2);
  expect(trap("dot dimension=3, omega=0.25, up=2, down=0").reference?.energy).toBe(1.25);
  expect(trap("dot up=3 down=3").reference).toMatchObject({ energy: 20.1597, error: 2e-4 });
  expect(trap("dot omega=0.3").reference).toBeUndefined();
  // without repulsion shells fill: N²ω/2, 9ω for 1s 2p of one spin in space, 10ω for six in a plane
  expect(trap("dot dimension=1 omega=2 up=5 down=0 repulsion=0").reference?.energy).toBe(25);
  expect(trap("dot dimension=3 up=4 down=0 repulsion=0").reference?.energy).toBe(9);
  expect(trap("dot up=3 down=3 repulsion=0").reference?.energy).toBe(10);
  expect(trap("dot dimension=1 softening=1")).toMatchObject({ softening: 1, reference: undefined });
});

test("potentials carry their formula", () => {
  expect(readSystem("V(x) = -1/sqrt(2 + x**2)").system).toMatchObject({
    dimension: 1,
    field: { kind: "formula", formula: "-1/sqrt(2 + x**2)" },
    ...{ up: 1, down: 0, reference: { energy: -0.5, source: "exact" } },
  });
  expect(readSystem("V = x^6").system.reference).toBeUndefined();
});
