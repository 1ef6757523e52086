/** Solvers of ordinary and stochastic differential equations: tableaus, control of the steps, what to save. */
export { type AdaptiveSteps, adaptiveSteps, type ConstantSteps, type Control, constantSteps } from "./control.ts";
export { type IntegrateOptions, integrate, type NoisyOptions, type Save, type Solution } from "./integrate.ts";
export { type Mechanics, marchPhase, type Phase, type PhasePath } from "./langevin.ts";
export { type Field, marchNoisy, type NoisyStep } from "./step.ts";
export { eulerMaruyama, type Noisy, type Scheme, stochasticHeun } from "./stochastic.ts";
export { bogackiShampine, dormandPrince, euler, heun, midpoint, rungeKutta4, type Tableau } from "./tableau.ts";
