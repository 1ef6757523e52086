/** Pictures as rows: losses, solvers and densities know rows of numbers alone. */
import type { Tensor } from "../../tensor/index.ts";

/** Channels, height and width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** [B, C, H, W] -> [B, C H W] */
export const toRows = (x: Tensor): Tensor => x.reshape([x.shape[0], -1]);

/** [B, C H W] -> [B, C, H, W] */
export const toImages = (rows: Tensor, shape: ImageShape): Tensor => rows.reshape([rows.shape[0], ...shape]);

/** Times [B, 1] beside pictures: [B, 1, 1, 1]. */
export const besideImages = (time: Tensor): Tensor => time.reshape([time.shape[0], 1, 1, 1]);

/** Bytes as the middles of their 256 intervals in [-1, 1]: (2 b + 1) / 256 - 1. */
export const fromBytes = (bytes: Tensor): Tensor => bytes.cast("f32").add(0.5).div(128).sub(1);
