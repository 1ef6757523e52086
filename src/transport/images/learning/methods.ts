/**
 * Ways to learn pictures by name, as losses of one U-Net on one path, and the motion that its parameters define. Everything is in rows.
 *
 *   am   action matching (entropic with noise, unbalanced with growth)
 *   fm   flow matching, |h - dx_t/dt|²: the velocity without a potential
 *   dsm  denoising score matching, |h - z|²: the noise, and by it the velocity
 *   ssm  sliced score matching, ½ |h|² + e · (∂h/∂x) e: the score, followed by Langevin dynamics
 */
import { sizeOf } from "../../../array/index.ts";
import { jvp, type Tensor } from "../../../tensor/index.ts";
import { freeMotion, type Lagrangian, type VectorField } from "../../lagrangian/lagrangian.ts";
import { actionDynamics } from "../../learning/action-model.ts";
import { actionLoss, flowLoss, type Loss, reversed } from "../../learning/losses.ts";
import type { Dynamics } from "../../learning/model.ts";
import { scoreLoss } from "../../learning/score.ts";
import type { Mix, Schedule } from "../paths/schedules.ts";
import { type ImageHead, type ImageNet, imageAction, imageField, type NetForm } from "./network.ts";

/** Points of a path with all that losses ask for; rows [B, d], times and densities [B, 1]. */
export interface ImageSample {
  readonly t: Tensor;
  readonly x: Tensor;
  readonly v: Tensor;
  /** The start of the path and its two ends, as rows. */
  readonly z: Tensor;
  readonly ends: { readonly clean: Tensor; readonly spoilt: Tensor };
  readonly condition?: Tensor;
  readonly density?: Tensor;
  /** Signs [B, d], where a loss probes derivatives. */
  readonly probe?: Tensor;
}

/** What decides a loss and a motion. */
export interface ImageSetting {
  readonly form: NetForm;
  readonly schedule: Schedule;
  readonly head: ImageHead;
  /** σ and λ of action matching. */
  readonly noise: number;
  readonly growth: number;
  /** Loss by the velocities of the path, or by its points alone. */
  readonly objective: "flow" | "action";
  /** w(t), [B, 1] -> [B, 1]; absent: 1. */
  readonly weight?: (t: Tensor) => Tensor;
}

/** A way to learn. */
export interface ImageMethod {
  readonly title: string;
  readonly loss: (params: ImageNet, sample: ImageSample, setting: ImageSetting) => Loss;
  /** How pictures move in the time of the path; absent for scores. */
  readonly dynamics?: (params: ImageNet, setting: ImageSetting, condition?: Tensor) => Dynamics;
  /** ∇ log q_t, where it is what is learned. */
  readonly score?: (params: ImageNet, setting: ImageSetting, condition?: Tensor) => VectorField;
}

/** Do particles move against the time of the path? */
const backward = ({ schedule: { clean, spoilt } }: ImageSetting): boolean => clean < spoilt;

const duration = ({ schedule: { clean, spoilt } }: ImageSetting): number => Math.abs(spoilt - clean);

const lagrangianOf = ({ noise, growth }: ImageSetting): Lagrangian => ({ ...freeMotion, noise, growth });

/** Losses are of a pixel of one channel, so that their size and that of their gradients do not depend on the picture. */
function aPixel({ loss, integrand }: Loss, { form: { shape } }: ImageSetting): Loss {
  const pixels = sizeOf(shape);
  return { loss: loss.div(pixels), integrand: integrand.div(pixels) };
}

/** Mean over samples of w f, by times of a density. */
function weighted(f: Tensor, { t, density }: ImageSample, setting: ImageSetting): Loss {
  const { weight } = setting;
  const inner = weight ? f.mul(weight(t).squeeze(1)) : f;
  const integrand = density ? inner.div(density.squeeze(1)) : inner;
  return aPixel({ loss: integrand.mean().mul(duration(setting)), integrand }, setting);
}

function actionMatching(params: ImageNet, sample: ImageSample, setting: ImageSetting): Loss {
  const l = lagrangianOf(setting);
  const { t, ends } = sample;
  const { clean, spoilt } = setting.schedule;
  const at = (time: number): Tensor => t.mul(0).add(time);
  const inTime = backward(setting)
    ? { t0: at(clean), x0: ends.clean, t1: at(spoilt), x1: ends.spoilt }
    : { t0: at(spoilt), x0: ends.spoilt, t1: at(clean), x1: ends.clean };
  const forward = imageAction(params, setting.form, setting.head, sample.condition);
  // noise runs from the start to the picture, whichever way the path counts its time
  const turned = l.noise > 0 && backward(setting);
  const { s, sample: points, ends: both } = turned ? reversed(forward, sample, inTime) : { s: forward, sample, ends: inTime };
  const w = setting.weight;
  const weight = w && turned ? (time: Tensor) => w(time.neg()) : w;
  const options = { duration: duration(setting), weight, probe: sample.probe };
  return aPixel(setting.objective === "flow" ? flowLoss(l, s, points, options) : actionLoss(l, s, points, both, options), setting);
}

function actionMotion(params: ImageNet, setting: ImageSetting, condition?: Tensor): Dynamics {
  const forward = actionDynamics(lagrangianOf(setting), imageAction(params, setting.form, setting.head, condition));
  if (setting.noise === 0 || !backward(setting)) return forward;
  // an action of the reversed path gives rates in the time -t
  const { drift, growth } = forward;
  return { ...forward, drift: (t, x) => drift(t, x).neg(), ...(growth && { growth: (t, x) => growth(t, x).neg() }) };
}

/** The velocity of x_t = a x + b z whose z is known: (a'/a) (x_t - b z) + b' z. It needs something of the picture, a > 0, at all times. */
const velocityByNoise =
  ({ a, b }: Mix, noise: VectorField): VectorField =>
  (t, x) => {
    const one = t.mul(0).add(1);
    const [[at, bt], [da, db]] = jvp((time: Tensor): [Tensor, Tensor] => [a(time), b(time)], [t], [one]);
    const z = noise(t, x);
    return x.sub(z.mul(bt)).mul(da.div(at)).add(z.mul(db));
  };

/** The velocity itself: 0 where known pixels stand still. */
const velocityField = (params: ImageNet, { form, schedule }: ImageSetting, condition?: Tensor): VectorField =>
  imageField(params, form, condition, schedule.still && "zero");

/** What a picture was made from: known pixels are part of it. */
const startField = (params: ImageNet, { form }: ImageSetting, condition?: Tensor): VectorField =>
  imageField(params, form, condition, "pixels");

/** The methods. @source  those of their names in src/transport/learning; Song et al., ICLR 2021 (denoising, and its flow, eq. 13) */
export const imageMethods = {
  am: { title: "action matching", loss: actionMatching, dynamics: actionMotion },
  fm: {
    title: "flow matching",
    loss: (params, sample, setting) => {
      const miss = velocityField(params, setting, sample.condition)(sample.t, sample.x).sub(sample.v);
      return weighted(miss.square().sum(1).mul(0.5), sample, setting);
    },
    dynamics: (params, setting, condition) => ({ drift: velocityField(params, setting, condition), noise: 0 }),
  },
  dsm: {
    title: "denoising score matching",
    loss: (params, sample, setting) => {
      const miss = startField(params, setting, sample.condition)(sample.t, sample.x).sub(sample.z);
      return weighted(miss.square().sum(1).mul(0.5), sample, setting);
    },
    dynamics: (params, setting, condition) => {
      const { mix } = setting.schedule;
      if (!mix) throw new RangeError("dsm: noises give velocities on paths a(t) x + b(t) z");
      return { drift: velocityByNoise(mix, startField(params, setting, condition)), noise: 0 };
    },
  },
  ssm: {
    title: "sliced score matching",
    loss: (params, sample, setting) =>
      weighted(scoreLoss(imageField(params, setting.form, sample.condition), sample.t, sample.x, sample.probe), sample, setting),
    score: (params, { form }, condition) => imageField(params, form, condition),
  },
} as const satisfies Record<string, ImageMethod>;

/** The name of a method. */
export type ImageMethodName = keyof typeof imageMethods;
/** All names. */
export const imageMethodNames = Object.keys(imageMethods) as ImageMethodName[];

/** The method of a name. */
export const imageMethodOf = (name: ImageMethodName): ImageMethod => imageMethods[name];
