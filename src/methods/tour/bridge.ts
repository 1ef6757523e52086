/** The Schrödinger bridge of two Gaussians on a line, in closed form. */

/** Standard deviations of both, the distance of their means, and σ in units of the standard deviation of both together. */
export interface GaussianPair {
  readonly deviations: readonly [number, number];
  readonly distance: number;
  readonly noise: number;
}

/**
 * ½ E ∫ |drift|² dt of the bridge, in units of the standard deviation of the two together (each with half the mass): σ² KL of the path measure to
 * Brownian motion that begins in the first. With s₀, s₁ and Δ in these units, the ends have the covariance c of least
 *
 *   ½ (Δ² + s₀² + s₁² - 2c) + (σ²/2) (log σ² + log s₀² - 1 - log(s₀² s₁² - c²)),   that is   c² + σ² c = s₀² s₁².
 *
 * @source  Bunne et al., AISTATS 2023, section 3 (the static problem); derived here
 */
export function bridgeEnergy({ deviations, distance, noise }: GaussianPair): number {
  const unit = Math.sqrt((deviations[0] ** 2 + deviations[1] ** 2) / 2 + distance ** 2 / 4);
  const [v0, v1] = deviations.map((s) => (s / unit) ** 2);
  const [square, sigma2] = [(distance / unit) ** 2, noise ** 2];
  const c = (Math.sqrt(sigma2 ** 2 + 4 * v0 * v1) - sigma2) / 2;
  const entropies = Math.log(sigma2) + Math.log(v0) - 1 - Math.log(v0 * v1 - c ** 2);
  return (square + v0 + v1 - 2 * c) / 2 + (sigma2 / 2) * entropies;
}
