/** Paths of densities from one that is known to one that is wanted: the coefficients λ(β) of a target's terms. */

/** λ at the inverse temperature β in [0, 1]. */
export type AnnealingPath = (beta: number) => readonly number[];

/** Between two log densities: log π_β = (1 - β) f_0 + β f_1. */
export const geometricPath: AnnealingPath = (beta) => [1 - beta, beta];

/** From a prior to a posterior: log π_β = log prior + β log likelihood. */
export const temperedPath: AnnealingPath = (beta) => [1, beta];
