/** A file of a sweep, for its help. */
export const exampleSweep = `Example file:
  command: trajectories
  options: { data: gapminder, holdOut: [1970, 1990], steps: 1000 }
  grid: { width: [32, 128] }
  random: { samples: 8, space: { learningRate: { min: 1e-4, max: 1e-2, scale: log } } }
  seeds: 3
  metric: loss
  halving: { factor: 2, min: 250, max: 1000 }`;
