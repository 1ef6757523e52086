/**
 * Butcher tableaus of explicit Runge–Kutta methods, as data: with slopes k_i = f(t + c_i h, x + h Σ_{j<i} a_ij k_j), a step is
 *
 *   x(t + h) ≈ x + h Σ_i b_i k_i,
 *
 * exact up to h^(p+1) for a method of order p. An embedded method with other weights b̂, of order p - 1, tells the error of the step.
 */

/** Coefficients of an explicit Runge–Kutta method. */
export interface Tableau {
  /** p: the global error falls with h^p. */
  readonly order: number;
  /** c; the first is 0. */
  readonly nodes: readonly number[];
  /** Rows of a, each as long as its index. */
  readonly stages: readonly (readonly number[])[];
  /** b, over a common denominator (default 1). */
  readonly weights: readonly number[];
  readonly denominator?: number;
  /** b - b̂; one entry more than there are stages, for the slope at the end of the step. Absent: no embedded method. */
  readonly error?: readonly number[];
  /** Coefficients of the slopes, that at the end too, in the interpolant of order four, see `interpolate`; absent: cubic. */
  readonly dense?: readonly number[];
}

/** Euler's method. */
export const euler: Tableau = { order: 1, nodes: [0], stages: [[]], weights: [1] };

/** The midpoint method. */
export const midpoint: Tableau = { order: 2, nodes: [0, 1 / 2], stages: [[], [1 / 2]], weights: [0, 1] };

/** Heun's method of order 2, the trapezoid of the slopes at both ends; embedded is Euler's method. */
export const heun: Tableau = { order: 2, nodes: [0, 1], stages: [[], [1]], weights: [1, 1], denominator: 2, error: [-1 / 2, 1 / 2, 0] };

/** Bogacki and Shampine, Applied Mathematics Letters 2 (1989): order 3, embedded 2. */
export const bogackiShampine: Tableau = {
  order: 3,
  nodes: [0, 1 / 2, 3 / 4],
  stages: [[], [1 / 2], [0, 3 / 4]],
  weights: [2 / 9, 1 / 3, 4 / 9],
  error: [-5 / 72, 1 / 12, 1 / 9, -1 / 8],
};

/** The classical Runge–Kutta method of order 4. */
export const rungeKutta4: Tableau = {
  order: 4,
  nodes: [0, 1 / 2, 1 / 2, 1],
  stages: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
  weights: [1, 2, 2, 1],
  denominator: 6,
};

/**
 * Dormand and Prince, J. Comp. Appl. Math. 6 (1980): order 5, embedded 4, with the interpolant of Hairer, Nørsett & Wanner I, section II.6.
 */
export const dormandPrince: Tableau = {
  order: 5,
  nodes: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1],
  stages: [
    [],
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  ],
  weights: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
  error: [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40],
  dense: [
    -12715105075 / 11282082432,
    0,
    87487479700 / 32700410799,
    -10690763975 / 1880347072,
    701980252875 / 199316789632,
    -1453857185 / 822651844,
    69997945 / 29380423,
  ],
};
