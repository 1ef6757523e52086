/** A sampler on one frame of a picture: its colours and its alpha, each in its own way. */
import { type NdArray, ndarray } from "../../array/index.ts";
import { bleed, type PictureFrame } from "../../data/index.ts";
import { UserError } from "../../errors.ts";
import { applySampler, type ImageSampler } from "../../transport/images/apply.ts";
import { greyPlane, onePlane, repeated, scaledAlpha } from "./planes.ts";

/** What is done to each picture. */
export interface Applying {
  readonly sampler: ImageSampler;
  readonly mask?: NdArray<"f32">;
  readonly given: { readonly seed: number; readonly overlap?: number; readonly scale?: string };
  /** Of one picture. */
  readonly report: (share: number) => void;
}

/** @param note  takes what should be known of the picture */
export async function applied(applying: Applying, frame: PictureFrame, note: (text: string) => void): Promise<PictureFrame> {
  const { sampler, mask, given, report } = applying;
  const { seed, overlap } = given;
  const alpha = frame.alpha && { alpha: frame.alpha };
  switch (sampler.label.task) {
    case "colour": {
      const colours = await bleed(frame);
      if (colours.shape[0] === 3) note("the picture has colours already: they are left out");
      return { colours: await applySampler(sampler, greyPlane(colours), { seed, overlap, report }), ...alpha };
    }
    case "inpaint": {
      // without a mask what is transparent is what is missing, and will be seen; with one alpha stays as it is
      const known = mask ?? (frame.alpha && knownBy(frame.alpha));
      checkMask(known, frame.colours);
      return {
        ...(mask && alpha),
        colours: await inChannels(
          sampler,
          mask ? await bleed(frame) : frame.colours,
          (planes, part) => applySampler(sampler, planes, { seed, overlap, mask: known, report: part }),
          applying,
          note,
        ),
      };
    }
    case "super-resolve":
      return enlarged(applying, frame, note);
    default:
      return {
        colours: await inChannels(
          sampler,
          await bleed(frame),
          (planes, part) => applySampler(sampler, planes, { seed, overlap, report: part }),
          applying,
          note,
        ),
        ...alpha,
      };
  }
}

/** What is not transparent. */
const knownBy = ({ data, shape }: NdArray<"f32">): NdArray<"f32"> =>
  ndarray(
    data.map((a) => (a < 0.5 ? 0 : 1)),
    [1, ...shape],
    "f32",
  );

function checkMask(known: NdArray<"f32"> | undefined, { shape }: NdArray<"f32">): void {
  if (!known)
    throw new UserError(
      "nothing is missing: the picture has no transparent pixels",
      "give --mask, a picture that is black where something is missing",
    );
  if (known.shape.slice(1).join() !== shape.slice(1).join())
    throw new UserError(`the mask has ${known.shape.slice(1).join(" x ")} pixels, the picture ${shape.slice(1).join(" x ")}`);
}

/** Colours and alpha, twice as large once or more. */
async function enlarged(applying: Applying, frame: PictureFrame, note: (text: string) => void): Promise<PictureFrame> {
  const { sampler, given, report } = applying;
  const { seed, overlap } = given;
  let [colours, alpha] = [await bleed(frame), frame.alpha];
  const times = Math.log2(Number(given.scale ?? 2));
  // every doubling has four times as many tiles
  const work = (i: number): number => (4 ** i - 1) / (4 ** times - 1);
  for (let i = 0; i < times; i++) {
    const ofStep = { ...applying, report: (share: number): void => report(work(i) + share * (work(i + 1) - work(i))) };
    colours = await inChannels(
      sampler,
      colours,
      (planes, part) => applySampler(sampler, planes, { seed: `${seed} ${i}`, overlap, report: part }),
      ofStep,
      note,
    );
    if (alpha) alpha = await scaledAlpha(alpha);
  }
  return { colours, ...(alpha && { alpha }) };
}

type OnPlanes = (planes: NdArray<"f32">, report: (share: number) => void) => Promise<NdArray<"f32">>;

/** Colours for a model of grey, one after the other; grey for a model of colours, three times. */
async function inChannels(
  { label }: ImageSampler,
  planes: NdArray<"f32">,
  f: OnPlanes,
  { report }: Applying,
  note: (text: string) => void,
): Promise<NdArray<"f32">> {
  const [found, wanted] = [planes.shape[0], label.seen?.[0] ?? label.shape[0]];
  if (found === wanted) return f(planes, report);
  if (wanted === 3) {
    note("the picture is grey and the model learned colours: the result is its brightness");
    return greyPlane(await f(repeated(planes), report));
  }
  note("the model learned grey pictures: red, green and blue are done one by one");
  const parts: NdArray<"f32">[] = [];
  for (let c = 0; c < found; c++) parts.push(await f(onePlane(planes, c), (share) => report((c + share) / found)));
  const size = parts[0].data.length;
  const all = new Float32Array(found * size);
  parts.forEach(({ data }, c) => void all.set(data, c * size));
  return ndarray(all, [found, ...parts[0].shape.slice(1)], "f32");
}
