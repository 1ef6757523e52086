/** Planar and radial maps of codes [J, n, d], with the logarithms of their Jacobian determinants [J, n]. */
import { expandDims, log1p, softplus, sqrt, type Tensor, tanh } from "../../tensor/index.ts";

/** z, and log |det ∂z/∂e|. */
export interface Mapped {
  readonly z: Tensor;
  readonly logDet: Tensor;
}

/** w and u [J, d], b [J]. */
export interface PlanarParams<T = Tensor> {
  readonly w: T;
  readonly u: T;
  readonly b: T;
}

/**
 * z = e + û tanh(w·e + b), log det = log(1 + (1 - tanh²) û·w). û is u where w·u > -1 with room, and moved along w towards that elsewhere:
 * w·û = softplus(w·u + c) - 1 with softplus(c) = 1, so that u = 0 is the identity and every u gives an invertible map.
 *
 * @source  Rezende & Mohamed, ICML 2015, eq. 10-12 and appendix A.1
 */
export function planar({ w, u, b }: PlanarParams, e: Tensor): Mapped {
  const inner = w.mul(u).sum(-1, true);
  const allowed = softplus(inner.add(Math.log(Math.E - 1))).sub(1);
  const square = w.square().sum(-1, true).add(1e-12);
  const free = u.add(w.mul(allowed.sub(inner).div(square)));
  return planarMap({ w, u: free, b }, e);
}

/** The map with û itself, w·û > -1. */
export function planarMap({ w, u, b }: PlanarParams, e: Tensor): Mapped {
  const h = tanh(e.mul(expandDims(w, 1)).sum(-1).add(expandDims(b, 1)));
  const inner = expandDims(w.mul(u).sum(-1), 1);
  return { z: e.add(expandDims(h, 2).mul(expandDims(u, 1))), logDet: log1p(h.square().neg().add(1).mul(inner)) };
}

/** Centre [J, d]; α and β before they are made positive, and above -α: [J]. */
export interface RadialParams<T = Tensor> {
  readonly centre: T;
  readonly alpha: T;
  readonly beta: T;
}

/**
 * z = e + β h (e - c), h = 1/(α + r), r = |e - c|, log det = (d - 1) log(1 + β h) + log(1 + β h - β r h²). α = softplus(a),
 * β = softplus(b) - α.
 *
 * @source  Rezende & Mohamed, ICML 2015, eq. 14 and appendix A.2
 */
export function radial({ centre, alpha, beta }: RadialParams, e: Tensor): Mapped {
  const a = expandDims(softplus(alpha), 1);
  const b = expandDims(softplus(beta), 1).sub(a);
  const away = e.sub(expandDims(centre, 1));
  // at the centre itself the square root has no derivative
  const r = sqrt(away.square().sum(-1).add(1e-12));
  const h = a.add(r).pow(-1);
  const stretch = b.mul(h);
  const d = e.shape[e.rank - 1];
  const logDet = log1p(stretch)
    .mul(d - 1)
    .add(log1p(stretch.sub(b.mul(r).mul(h.square()))));
  return { z: e.add(expandDims(stretch, 2).mul(away)), logDet };
}
