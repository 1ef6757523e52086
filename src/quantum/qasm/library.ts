/** The gates of qelib1.inc (of the paper, and as Qiskit has extended it) and of stdgates.inc, by the matrices that they are. */
import type { Angle } from "../circuit.ts";
import { affine } from "../operations.ts";
import { controlled, inverse, type Piece, pieces } from "./unitary.ts";

export interface Known {
  readonly angles: number;
  readonly qubits: number;
  readonly make: (angles: readonly Angle[], qubits: readonly number[], line: number) => readonly Piece[];
}

type Make = (make: ReturnType<typeof pieces>, qubits: readonly number[], angles: readonly Angle[]) => readonly Piece[];

const gate = (qubits: number, angles: number, body: Make): Known => ({
  qubits,
  angles,
  make: (given, wires, line) => body(pieces(line), wires, given),
});
const plain = (name: Piece["name"], qubits: number, angles = 0): Known => gate(qubits, angles, (make, q, a) => [make(name, q, ...a)]);
/** Under so many controls. */
const control = ({ qubits, angles, make }: Known, count = 1): Known => ({
  qubits: qubits + count,
  angles,
  make: (given, wires, line) => wires.slice(0, count).reduce((list, c) => controlled(c, list), make(given, wires.slice(count), line)),
});
const inverted = (known: Known): Known => ({ ...known, make: (a, q, line) => inverse(known.make(a, q, line)) });

const p = gate(1, 1, (make, q, [l]) => [make("u", q, 0, 0, l)]);
const u = plain("u", 1, 3);
const id = gate(1, 0, () => []);
/** √X = e^{iπ/4} RX(π/2). */
const sx = gate(1, 0, (make, q) => [make("gphase", [], Math.PI / 4), make("rx", q, Math.PI / 2)]);
const [x, y, h, z] = (["x", "y", "h", "z"] as const).map((name) => plain(name, 1));
const [rx, ry, rz] = (["rx", "ry", "rz"] as const).map((name) => plain(name, 1, 1));
const cx = plain("cx", 2);
const swap = plain("swap", 2);
const cp = plain("cp", 2, 1);
const ccx = plain("ccx", 3);
const u2 = gate(1, 2, (make, q, [f, l]) => [make("u", q, Math.PI / 2, f, l)]);
/** e^{ig} U under a control. */
const cu = gate(2, 4, (make, q, [t, f, l, g]) => [make("u", [q[0]], 0, 0, g), ...control(u).make([t, f, l], q, 0)]);

const turns = (make: ReturnType<typeof pieces>, target: number, ...steps: readonly (number | "t" | "tdg" | "h")[]): readonly Piece[] =>
  steps.map((step) => (typeof step === "number" ? make("cx", [step, target]) : make(step, [target])));

/** Toffoli's gate but for phases: four T on the target (Margolus). */
const rccx = gate(3, 0, (make, [a, b, c]) => turns(make, c, "h", "t", b, "tdg", a, "t", b, "tdg", "h"));
const rc3x = gate(4, 0, (make, [a, b, c, d]) =>
  turns(make, d, "h", "t", c, "tdg", "h", a, "t", b, "tdg", a, "t", b, "tdg", "h", "t", c, "tdg", "h"),
);

/** e^{-iθ ZZ/2}. */
const rzz = gate(2, 1, (make, [a, b], [t]) => [make("cx", [a, b]), make("rz", [b], t), make("cx", [a, b])]);
const rxx = gate(2, 1, (make, [a, b], [t]) => {
  const frame = [make("h", [a]), make("h", [b])];
  return [...frame, make("cx", [a, b]), make("rz", [b], t), make("cx", [a, b]), ...frame];
});
/** e^{-iθ YY/2}, in the frame of RX(π/2) on both. */
const ryy = gate(2, 1, (make, [a, b], [t]) => {
  const frame = (angle: number) => [make("rx", [a], angle), make("rx", [b], angle)];
  return [...frame(Math.PI / 2), make("cx", [a, b]), make("rz", [b], t), make("cx", [a, b]), ...frame(-Math.PI / 2)];
});

/** Built in without any include. U of OpenQASM 3 has the phase e^{iθ/2} besides, which only a control can tell. */
export const builtIn: Readonly<Record<2 | 3, Readonly<Record<string, Known>>>> = {
  2: { U: u, CX: cx },
  3: { U: gate(1, 3, (make, q, [t, f, l]) => [make("gphase", [], affine(t, 0.5)), make("u", q, t, f, l)]) },
};

const common: Readonly<Record<string, Known>> = {
  ...{ id, x, y, z, h, rx, ry, rz, cx, cp, swap, ccx, p, sx, u1: p, u2, u3: u, cu },
  ...{ s: plain("s", 1), sdg: plain("sdg", 1), t: plain("t", 1), tdg: plain("tdg", 1), cz: plain("cz", 2) },
  ...{ cy: control(y), ch: control(h), crx: control(rx), cry: control(ry), crz: control(rz), cswap: control(swap) },
};

/** By file. */
export const libraries: Readonly<Record<string, Readonly<Record<string, Known>>>> = {
  "stdgates.inc": { ...common, CX: cx, phase: p, cphase: cp },
  "qelib1.inc": {
    ...common,
    ...{
      u,
      u0: gate(1, 1, () => []),
      sxdg: inverted(sx),
      cu1: cp,
      cu3: control(u),
      csx: control(sx),
      rzz,
      rxx,
      ryy,
      rccx,
      rc3x,
      rcccx: rc3x,
    },
    ...{ c3x: control(x, 3), cccx: control(x, 3), c4x: control(x, 4), ccccx: control(x, 4), ccz: control(z, 2) },
    ...{ c3sqrtx: control(sx, 3), c3sx: control(sx, 3) },
  },
};
