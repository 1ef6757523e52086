/** `pushforward train`: networks that predict, and models that generate. */
import { choice } from "../../lab/command.ts";
import { trainGan } from "./gan.ts";
import { trainSupervised } from "./supervised.ts";
import { trainVae } from "./vae.ts";

export const train = choice({ option: "model", otherwise: trainSupervised, others: { vae: trainVae, gan: trainGan } });
