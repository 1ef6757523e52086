/**
 * Variational circuits on pseudo-Boolean problems: state vectors with gradients of any function of the probabilities, noise, OpenQASM, families
 * of binary networks and their exact landscapes (`pushforward/quantum`).
 */

export { allToAll, brick, linearChain, product, qaoa } from "./ansatz.ts";
export type { Angle, Circuit, Gate, Objective } from "./circuit.ts";
export { noisyProbabilities } from "./density.ts";
export { localMinima, optimumOf } from "./landscape/optima.ts";
export { parseQuadratic, tabulateQuadratic, writeQuadratic } from "./landscape/quadratic.ts";
export { costTable, parseCosts, tabulate } from "./landscape/table.ts";
export { walsh, weightsByOrder } from "./landscape/walsh.ts";
export { depolarizing, trajectories } from "./noise.ts";
export { readQasm } from "./qasm/read.ts";
export { writeQasm } from "./qasm/write.ts";
export { sampleShots } from "./sample.ts";
export { probabilities, valueAndGradient } from "./simulate.ts";
export { shareStates } from "./threads.ts";
export { cvar, freeEnergy, gibbs, meanCost } from "./training/objectives.ts";
