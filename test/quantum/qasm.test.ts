import { describe, expect, test } from "vitest";
import { brick } from "../../src/quantum/ansatz.ts";
import type { Circuit, Gate } from "../../src/quantum/circuit.ts";
import { readQasm } from "../../src/quantum/qasm/read.ts";
import { writeQasm } from "../../src/quantum/qasm/write.ts";
import { probabilities } from "../../src/quantum/simulate.ts";
import fc from "../property.ts";

const two = (body: string): string => `OPENQASM 2.0;\ninclude "qelib1.inc";\n${body}`;
const three = (body: string): string => `OPENQASM 3.0;\ninclude "stdgates.inc";\n${body}`;
const of = (text: string, angles: readonly number[] = []): number[] => [...probabilities(readQasm(text).circuit, angles)];
const close = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void => {
  expect(actual.length).toBe(expected.length);
  for (let k = 0; k < expected.length; k++) expect(Math.abs(actual[k] - expected[k])).toBeLessThan(tolerance);
};

test("X on q[0] of three gives index 1; the last qubit is the most significant", () => {
  close(of(two("qreg q[3]; x q[0];")), [0, 1, 0, 0, 0, 0, 0, 0]);
  close(of(two("qreg q[3]; x q[2];")), [0, 0, 0, 0, 1, 0, 0, 0]);
});

test("GHZ in both versions", () => {
  const ghz = [0.5, 0, 0, 0, 0, 0, 0, 0.5];
  close(of(two("qreg q[3]; creg c[3]; h q[0]; cx q[0],q[1]; cx q[0],q[2]; barrier q; measure q -> c;")), ghz);
  close(of(three("qubit[3] q; bit[3] c; h q[0]; for uint i in [1:2] { cx q[0], q[i]; } c = measure q;")), ghz);
});

test("several registers stand one behind the other, gates go through registers place by place", () => {
  const read = readQasm(two("qreg a[2]; qreg b[2]; x a; cx a, b; cx a[0], b; x b[1];"));
  expect(read.names).toEqual(["a[0]", "a[1]", "b[0]", "b[1]"]);
  // a = 11; b = 11, then 00 by a[0], then b[1] = 1
  expect([...probabilities(read.circuit, [])].indexOf(1)).toBe(0b1011);
});

// ---- gates are their matrices -------------------------------------------------------------------------------------------------------

type Complex = readonly [number, number];
type Matrix = readonly (readonly Complex[])[];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const e = (t: number): Complex => [Math.cos(t), Math.sin(t)];
const r = (x: number): Complex => [x, 0];
const scale = (z: Complex, m: Matrix): Matrix => m.map((row) => row.map((entry) => times(z, entry)));
const real = (m: readonly (readonly number[])[]): Matrix => m.map((row) => row.map(r));
const diagonal = (...d: readonly Complex[]): Matrix => d.map((z, i) => d.map((_, j) => (i === j ? z : r(0))));
/** Applied where all of the first `count` qubits are 1; the first qubit is the lowest bit. */
const control = (m: Matrix, count = 1): Matrix => {
  const size = m.length * 2 ** count;
  const mask = 2 ** count - 1;
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => {
      if ((i & mask) === mask && (j & mask) === mask) return m[i >> count][j >> count];
      return r(i === j ? 1 : 0);
    }),
  );
};
const [t, f, l, g] = [0.7, 1.9, -0.6, 0.45];
const u = (t: number, f: number, l: number): Matrix => [
  [r(Math.cos(t / 2)), times(e(l), r(-Math.sin(t / 2)))],
  [times(e(f), r(Math.sin(t / 2))), times(e(f + l), r(Math.cos(t / 2)))],
];
const X = real([
  [0, 1],
  [1, 0],
]);
const Y: Matrix = [
  [r(0), [0, -1]],
  [[0, 1], r(0)],
];
const H = real([
  [Math.SQRT1_2, Math.SQRT1_2],
  [Math.SQRT1_2, -Math.SQRT1_2],
]);
const Z = diagonal(r(1), r(-1));
const SX: Matrix = [
  [
    [0.5, 0.5],
    [0.5, -0.5],
  ],
  [
    [0.5, -0.5],
    [0.5, 0.5],
  ],
];
const SXdg: Matrix = SX.map((row) => row.map(([a, b]) => [a, -b] as const));
const rx = (t: number): Matrix => [
  [r(Math.cos(t / 2)), [0, -Math.sin(t / 2)]],
  [[0, -Math.sin(t / 2)], r(Math.cos(t / 2))],
];
const ry = (t: number): Matrix => u(t, 0, 0);
const rz = (t: number): Matrix => diagonal(e(-t / 2), e(t / 2));
const swap = real([
  [1, 0, 0, 0],
  [0, 0, 1, 0],
  [0, 1, 0, 0],
  [0, 0, 0, 1],
]);
/** cos(t/2) - i sin(t/2) P for a matrix P whose square is 1. */
const rotation = (t: number, p: Matrix): Matrix =>
  p.map((row, i) => row.map(([a, b], j): Complex => [(i === j ? Math.cos(t / 2) : 0) + Math.sin(t / 2) * b, -Math.sin(t / 2) * a]));
const kron = (high: Matrix, low: Matrix): Matrix =>
  high.flatMap((rowH) => low.map((rowL) => rowH.flatMap((a) => rowL.map((b) => times(a, b)))));
/** Toffoli up to phases: diag(1, 1, 1, -i...) as stated by Maslov (2016): acts as CCX, but i at |1?1> … is left to the body below. */
const gates: Readonly<Record<string, Matrix>> = {
  ...{ x: X, y: Y, z: Z, h: H, s: diagonal(r(1), [0, 1]), sdg: diagonal(r(1), [0, -1]), t: diagonal(r(1), e(Math.PI / 4)) },
  ...{ tdg: diagonal(r(1), e(-Math.PI / 4)), sx: SX, sxdg: SXdg, id: diagonal(r(1), r(1)), [`p(${l})`]: diagonal(r(1), e(l)) },
  ...{ [`u1(${l})`]: diagonal(r(1), e(l)), [`u2(${f},${l})`]: u(Math.PI / 2, f, l), [`u3(${t},${f},${l})`]: u(t, f, l) },
  ...{ [`u(${t},${f},${l})`]: u(t, f, l), [`U(${t},${f},${l})`]: scale(e(t / 2), u(t, f, l)), [`rx(${t})`]: rx(t), [`ry(${t})`]: ry(t) },
  ...{
    [`rz(${t})`]: rz(t),
    cx: control(X),
    cy: control(Y),
    cz: control(Z),
    ch: control(H),
    [`cp(${l})`]: diagonal(r(1), r(1), r(1), e(l)),
  },
  ...{
    [`cu1(${l})`]: diagonal(r(1), r(1), r(1), e(l)),
    [`crx(${t})`]: control(rx(t)),
    [`cry(${t})`]: control(ry(t)),
    [`crz(${t})`]: control(rz(t)),
  },
  ...{
    [`cu3(${t},${f},${l})`]: control(u(t, f, l)),
    [`cu(${t},${f},${l},${g})`]: control(scale(e(g), u(t, f, l))),
    csx: control(SX),
    swap,
  },
  ...{ [`rzz(${t})`]: rotation(t, kron(Z, Z)), [`rxx(${t})`]: rotation(t, kron(X, X)), [`ryy(${t})`]: rotation(t, kron(Y, Y)) },
  ...{ ccx: control(X, 2), ccz: control(Z, 2), cswap: control(swap), c3x: control(X, 3), c3sqrtx: control(SX, 3), c4x: control(X, 4) },
  ...{
    "inv @ sx": SXdg,
    "pow(2) @ sx": X,
    "pow(-1) @ s": diagonal(r(1), [0, -1]),
    "ctrl(2) @ x": control(X, 2),
    "ctrl @ ry(0.7)": control(ry(t)),
  },
  ...{
    [`inv @ u3(${t},${f},${l})`]: u(-t, -l, -f),
    "inv @ ctrl @ s": control(diagonal(r(1), [0, -1])),
    "ctrl @ pow(3) @ t": control(diagonal(r(1), e((3 * Math.PI) / 4))),
  },
  ...{
    [`ctrl @ gphase(${g})`]: diagonal(r(1), e(g)),
    [`ctrl(3) @ u3(${t},${f},${l})`]: control(u(t, f, l), 3),
    "ctrl @ ch": control(H, 2),
  },
};

describe("gates of the libraries are their matrices, phases included", () => {
  test.each(Object.entries(gates))("%s", (name, matrix) => {
    const n = Math.log2(matrix.length);
    // a control above tells the phase
    const wires = Array.from({ length: n }, (_, j) => `q[${j}]`).join(",");
    const mix = (salt: number): string =>
      Array.from({ length: n + 1 }, (_, j) => `u3(${0.9 + 0.3 * j + salt},${0.4 + j * salt},${1.1 - 0.7 * j}) q[${j}];`).join("");
    const mixing = (salt: number): readonly Matrix[] =>
      Array.from({ length: n + 1 }, (_, j) => u(0.9 + 0.3 * j + salt, 0.4 + j * salt, 1.1 - 0.7 * j));
    const text = `OPENQASM 3.0; include "stdgates.inc"; include "qelib1.inc"; qubit[${n + 1}] q; ${mix(0.2)} ctrl @ ${name} q[${n}], ${wires}; ${mix(0.5)}`;
    const product = (list: readonly Matrix[]): Matrix => list.reduce((low, high) => kron(high, low));
    const under = kron(diagonal(r(1), r(0)), diagonal(...matrix.map(() => r(1))));
    const over = kron(diagonal(r(0), r(1)), matrix);
    const conditional = under.map((row, i) => row.map(([a, b], j): Complex => [a + over[i][j][0], b + over[i][j][1]]));
    let state: readonly Complex[] = Array.from({ length: 2 ** (n + 1) }, (_, k) => r(k === 0 ? 1 : 0));
    for (const m of [product(mixing(0.2)), conditional, product(mixing(0.5))])
      state = m.map((row) =>
        row.reduce<Complex>(
          ([a, b], entry, j) => {
            const [c, d] = times(entry, state[j]);
            return [a + c, b + d];
          },
          [0, 0],
        ),
      );
    close(
      of(text),
      state.map(([a, b]) => a * a + b * b),
    );
  });
});

test("relative-phase Toffolis act on basis states as Toffolis, and their squares as phases do not matter twice", () => {
  for (let k = 0; k < 16; k++) {
    const prepare = [0, 1, 2, 3]
      .filter((j) => (k >> j) & 1)
      .map((j) => `x q[${j}];`)
      .join("");
    const three = (k & 3) === 3 ? k ^ 4 : k;
    const four = (k & 7) === 7 ? k ^ 8 : k;
    expect(Math.round(of(two(`qreg q[4]; ${prepare} rccx q[0],q[1],q[2];`))[three])).toBe(1);
    expect(Math.round(of(two(`qreg q[4]; ${prepare} rc3x q[0],q[1],q[2],q[3];`))[four])).toBe(1);
  }
});

test("gates of the user, in both versions, with expressions of their angles", () => {
  const text =
    "gate turn(a, b) p, q { ry(a / 2 + pi / 4) p; cx p, q; rz(-b ^ 2) q; h q; } qreg q[2]; turn(0.4, 1.5) q[0], q[1]; turn(pi, sin(0.3)) q[1], q[0];";
  const by = [
    ...["ry(0.985398163397448) q[0];", "cx q[0],q[1];", "rz(-2.25) q[1];", "h q[1];", "ry(2.356194490192345) q[1];"],
    ...["cx q[1],q[0];", `rz(${-(Math.sin(0.3) ** 2)}) q[0];`, "h q[0];"],
  ];
  close(of(two(text)), of(two(`qreg q[2]; ${by.join(" ")}`)));
  close(of(three(text.replace("^", "**"))), of(two(`qreg q[2]; ${by.join(" ")}`)));
  // a definition of one's own goes before that of the library
  close(of(two("gate swap a, b { } qreg q[2]; x q[0]; swap q[0], q[1];")), [0, 1, 0, 0]);
});

test("loops, sets, constants, aliases and negative indices of OpenQASM 3", () => {
  const text = three(`
    const int n = 4;
    qubit[n] q;
    qubit extra;
    let ends = q[{0, -1}] ++ extra;
    for uint i in [0:2:n - 1] { x q[i]; }
    for int j in {1, 3} x q[j];
    x ends;
    ctrl(2) @ x q[1], q[2], q[0];
    negctrl @ x q[0], extra;
    pow(2) @ inv @ s q[1];
  `);
  // all of q are 1; ends flip q[0], q[3], extra; q[0] comes back; extra stays
  expect(of(text).findIndex((p) => p > 0.99)).toBe(0b10111);
});

test("inputs are free parameters, linear in each angle, or take numbers", () => {
  const text = three(
    "input float[64] a; input angle b; qubit[2] q; ry(2 * a - 0.3) q[0]; cx q[0], q[1]; rx(-b / 2) q[1]; ctrl @ ry(a) q[1], q[0];",
  );
  const { circuit, inputs } = readQasm(text);
  expect(inputs).toEqual(["a", "b"]);
  expect(circuit.parameters).toBe(2);
  close(probabilities(circuit, [0.8, 0.5]), probabilities(readQasm(text, { a: 0.8, b: 0.5 }).circuit, []));
  expect(readQasm(text, { a: 0.8 }).inputs).toEqual(["b"]);
  expect(() => readQasm(three("input float a;\ninput float b;\nqubit q;\nry(a + b) q;"))).toThrow(
    "line 6: an angle depends on two free parameters",
  );
  expect(() => readQasm(three("input float a;\nqubit q;\nry(sin(a)) q;"))).toThrow("line 5: sin of a free parameter");
});

test("bits that were measured control: teleportation arrives", () => {
  const text = two(`qreg q[3]; creg a[1]; creg b[1];
    u3(0.7, 0.4, 1.1) q[0]; h q[1]; cx q[1], q[2]; cx q[0], q[1]; h q[0];
    measure q[0] -> a[0]; measure q[1] -> b[0];
    if (b == 1) x q[2]; if (a == 1) z q[2]; u3(-0.7, -1.1, -0.4) q[2];`);
  const p = of(text);
  expect(p.slice(4).reduce((sum, q) => sum + q, 0)).toBeLessThan(1e-15);
  close(of(three("qubit[2] q; bit[1] c; h q[0]; c[0] = measure q[0]; if (c[0]) { x q[1]; } else { h q[1]; }")), [0.25, 0, 0.25, 0.5]);
  // never measured: 0
  expect(readQasm(two("qreg q[1]; creg c[2]; if (c == 0) x q[0]; if (c == 2) x q[0];")).notes[0]).toBe(
    "bits of c are 0 until they are measured (first in line 3)",
  );
  close(of(two("qreg q[1]; creg c[2]; if (c == 0) x q[0]; if (c == 2) x q[0];")), [0, 1]);
});

test("conditions may cast, and ask for bits of numbers", () => {
  const text = three(`qubit[2] q; bit[2] c; uint[4] n = 2;
    for uint i in [0:1] { if (bool(n[i])) x q[i]; }
    h q[0]; c[0] = measure q[0]; if (int[2](c) == 1) { rz(pi / 2) q[1]; } if (n == 3) x q[1];`);
  close(of(text), [0, 0, 0.5, 0.5]);
  expect(readQasm("qubit q; U(0.1, 0, 0) q;").version).toBe(3);
});

test("bits that are measured in another order than the qubits are told of", () => {
  expect(readQasm(two("qreg q[2]; creg c[2]; x q[0]; measure q[0] -> c[1]; measure q[1] -> c[0];")).notes[0]).toContain(
    "another order (c[1] from q[0])",
  );
});

test("an empty circuit is said to be empty", () => {
  expect(readQasm(two("qreg q[2];")).notes).toEqual(["the circuit is empty: no gate acts on its 2 qubits, which stay 0"]);
  close(of(two("qreg q[2];")), [1, 0, 0, 0]);
  expect(() => readQasm("")).toThrow("line 1: the circuit is empty: no qubits are declared");
  expect(readQasm("qreg q[1]; U(0.1,0,0) q[0];").notes).toEqual(["the file does not say its version: read as OpenQASM 2"]);
});

const wrong: readonly (readonly [text: string, message: string])[] = [
  [two("qreg q[2];\nhh q[0];"), 'line 4: gate "hh" has not been declared'],
  ["OPENQASM 2.0;\nqreg q[1];\nh q[0];", 'line 3: gate "h" has not been declared'],
  [three("qubit[2] q;\nrzz(0.3) q[0], q[1];"), 'line 4: gate "rzz" has not been declared'],
  [two("qreg q[2];\n\ncx q[0], r[1];"), 'line 5: "r" is not a declared register'],
  [two("qreg q[2];\nrz(theta) q[0];"), 'line 4: "theta" has not been declared'],
  [two("qreg q[2];\nx q[2];"), "line 4: q[2] is beyond q, which has 2 places: 0 to 1"],
  [two("qreg q[2];\nx q[0.5];"), "line 4: an index is 0.5, not a whole number"],
  [two("qreg q[2];\ncx q[0], q[0];"), "line 4: cx acts twice on one qubit"],
  [two("qreg a[2]; qreg b[3];\ncx a, b;"), "line 4: registers of 2 and 3 qubits do not go together"],
  [two("qreg q[2];\nrz q[0];"), "line 4: rz takes 1 angle, not 0"],
  [two("qreg q[2];\ncx q[0];"), "line 4: cx acts on 2 qubits, not 1"],
  [two("qreg q[2]\nx q[0];"), 'line 3: ";" is missing at the end of a statement: found "x"'],
  [two("qreg q[2]; qreg q[3];"), 'line 3: "q" is declared twice'],
  [two("qreg q[0];"), "line 3: a register of 0 qubits"],
  [two("qreg q[1000000000];"), "line 3: 1,000,000,000 qubits are too many"],
  [two("qreg q[2];\nrz(1/0) q[0];"), "line 4: / gives Infinity"],
  [two("qreg q[2];\nrz(sqrt(-1)) q[0];"), "line 4: sqrt gives NaN"],
  [two("qreg q[2];\nrz(2 ** 3) q[0];"), "line 4: powers are written ^ in OpenQASM 2"],
  [two("qubit[2] q;"), 'line 3: "qubit" belongs to OpenQASM 3'],
  [two("qreg q[2];\ngate bad a { cx a, b; }"), 'line 4: "b" is not a declared register'],
  [two("gate loop a { loop a; }\nqreg q[1];"), 'line 3: gate "loop" has not been declared'],
  [two("gate m a { measure a -> c; } qreg q[1];"), 'line 3: the body of a gate holds gates and loops, not "measure"'],
  [two("opaque secret a;\nqreg q[1];\nsecret q[0];"), 'line 5: gate "secret" has not been declared'],
  [two("qreg q[1]; creg c[1];\nmeasure q -> c;\nx q[0];"), "line 5: q[0] is acted on after its measurement in line 4"],
  [two("qreg q[1];\nx q[0];\nreset q[0];"), "line 5: q[0] is reset after gates"],
  [two("qreg q[2]; creg c[2]; h q; measure q -> c;\nif (c != 1) x q[0];"), "line 4: a condition that several bits differ"],
  [two("qreg q[2]; creg c[3];\nmeasure q -> c;"), "line 4: 2 qubits are measured into 3 bits"],
  [two("qreg q[1];\nx q[0]; /* never closed"), "line 4: a comment is not closed"],
  [two('qreg q[1];\ninclude "other.inc";'), 'line 4: "other.inc" cannot be included'],
  [two("qreg q[1];\nx q[0]; §"), 'line 4: "§" is not OpenQASM'],
  [two("qreg q[1];\n\0"), "line 4: character 0 is not OpenQASM"],
  [two("gate g a { x a;"), "line 3: a block is not closed"],
  ["OPENQASM 4.0;", "line 1: OpenQASM 4.0 is not known"],
  [three("qubit[2] q;\nfor i in [0:1] { x q[i]; }"), "line 4: the variable of a for loop needs a type"],
  [three("qubit[2] q;\nwhile (true) { x q[0]; }"), "line 4: while loops are not simulated"],
  [three("qubit[2] q;\ndef f() { }"), "line 4: subroutines are not simulated"],
  [three("qubit q;\npow(1/2) @ x q;"), "line 4: a power is 0.5, not a whole number"],
  [three("qubit[3] q;\nctrl @ x q[0];"), "line 4: x with its controls acts on 2 qubits, not 1"],
  [three("qubit q;\nx $0;"), "line 4: hardware qubits are not simulated"],
  [three("qubit q;\nint k;"), 'line 4: "=" is missing behind k'],
  [three("qubit[2] q;\nfor uint i in [0:100000000] { x q[0]; }"), "line 4: a range of 100000001 numbers is too long"],
  [three(`qubit q;\nrz(${"(".repeat(5000)}1${")".repeat(5000)}) q;`), "line 4: an expression is nested more than 200 deep"],
  [three(`qubit q;\nrz(${"-".repeat(5000)}1) q;`), "line 4: an expression is nested more than 200 deep"],
  [three(`qubit q;\n${"if (c) ".repeat(5000)} x q;`), "line 4: blocks are nested more than 100 deep"],
  [
    two(
      `gate g0 a { x a; x a; }\n${Array.from({ length: 40 }, (_, i) => `gate g${i + 1} a { g${i} a; g${i} a; }`).join("\n")}\nqreg q[1];`,
    ),
    "has more than 1,000,000 gates",
  ],
  [three("qubit q;\nctrl(1000000) @ x q;"), "line 4: 1000000 controls are not 1 to 32"],
];

test.each(wrong)("wrong files are refused with a line: %#", (text, message) => {
  expect(() => readQasm(text)).toThrow(message);
});

test("whatever the text, a mistake is one that people see", () => {
  const words = [
    "qreg",
    "q",
    "[",
    "]",
    "2",
    ";",
    "x",
    "cx",
    ",",
    "(",
    ")",
    "{",
    "}",
    "gate",
    "if",
    "==",
    "for",
    "uint",
    "in",
    ":",
    "ctrl",
    "@",
    "pi",
    "-",
    "measure",
    "->",
    "c",
    "\n",
    "1e999",
    "OPENQASM",
    "3.0",
    '"',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), fc.boolean(), (list, prefix) => {
      try {
        readQasm((prefix ? three("qubit[2] q; bit[2] c;") : "") + list.join(" "));
      } catch (error) {
        expect((error as Error).name).toBe("UserError");
        expect((error as Error).message).toMatch(/^line \d+: /);
      }
    }),
    { numRuns: 2000 },
  );
});

const arities: Readonly<Record<string, readonly [number, number]>> = {
  ...{ h: [1, 0], x: [1, 0], y: [1, 0], z: [1, 0], s: [1, 0], sdg: [1, 0], t: [1, 0], tdg: [1, 0], rx: [1, 1], ry: [1, 1], rz: [1, 1] },
  ...{ u: [1, 3], cx: [2, 0], cz: [2, 0], cp: [2, 1], swap: [2, 0], ccx: [3, 0] },
};
const anyGate = fc
  .tuple(
    fc.constantFrom(...(Object.keys(arities) as Gate["name"][])),
    fc.shuffledSubarray([0, 1, 2, 3], { minLength: 3 }),
    fc.array(fc.double({ noNaN: true, min: -1e3, max: 1e3 }), { minLength: 3, maxLength: 3 }),
  )
  .map(([name, qubits, angles]): Gate => ({ name, qubits: qubits.slice(0, arities[name][0]), angles: angles.slice(0, arities[name][1]) }));

test("what is written is read again with the same probabilities, in both versions", () => {
  fc.assert(
    fc.property(fc.array(anyGate, { maxLength: 25 }), fc.constantFrom(2 as const, 3 as const), (gates, version) => {
      const circuit: Circuit = { qubits: 4, parameters: 0, gates };
      close(of(writeQasm(circuit, { version })), probabilities(circuit, []));
    }),
    { numRuns: 200 },
  );
});

test("a brick circuit keeps its parameters in OpenQASM 3; OpenQASM 2 and tables are refused", () => {
  const angles = Float64Array.from({ length: 24 }, (_, k) => k + 0.5);
  const again = readQasm(writeQasm(brick(4, 3)));
  expect(again.inputs.length).toBe(24);
  expect(again.measured[2]).toEqual({ bit: "c[2]", qubit: 2 });
  close(probabilities(again.circuit, angles), probabilities(brick(4, 3), angles));
  close(of(writeQasm(brick(4, 3), { version: 2, angles })), probabilities(brick(4, 3), angles));
  expect(() => writeQasm(brick(4, 3), { version: 2 })).toThrow("OpenQASM 2 has no free parameters");
  const table: Circuit = { qubits: 1, parameters: 0, gates: [{ name: "table", qubits: [0], angles: [1], table: Float64Array.of(0, 1) }] };
  expect(() => writeQasm(table)).toThrow("no form in OpenQASM");
});
