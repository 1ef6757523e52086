/** A model of three states z and three observations x, all of whose draws can be enumerated; I(X;Z) = 0.238235189493 nats. */

/** p(z). */
export const pz = [0.5, 0.3, 0.2];
/** p(x|z), by rows of z. */
export const pxz = [
  [0.7, 0.2, 0.1],
  [0.1, 0.8, 0.1],
  [0.25, 0.25, 0.5],
];
/** A proposal q(z|x), by rows of x. */
export const qzx = [
  [0.6, 0.2, 0.2],
  [0.3, 0.5, 0.2],
  [0.3, 0.3, 0.4],
];
/** A critic T(x, z), by rows of x. */
export const critic = [
  [0.5, -0.3, 0.1],
  [-0.2, 0.6, 0],
  [-0.1, 0.2, 0.4],
];
export const information = 0.238235189493;
export const states = [0, 1, 2];
