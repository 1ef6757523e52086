/** Pictures put together by a mask. */
import type { Tensor } from "../../tensor/index.ts";

/** The one where the mask is 1, the other where it is 0. */
export const blend = (mask: Tensor, one: Tensor, other: Tensor): Tensor => one.mul(mask).add(other.mul(mask.neg().add(1)));
