/** Tables, snapshots and built-in data sets (`pushforward/data`). Runs in Node. */
export { batchRows } from "./batches.ts";
export { type Dataset, dataset, datasetNames } from "./builtin.ts";
export { builtInText, type Corpus, parseTokens, readText, toCorpus, unknownCharacter } from "./corpus.ts";
export {
  type ExampleOptions,
  type Examples,
  type Split,
  type Standardization,
  splitRows,
  standardizationOf,
  toExamples,
} from "./examples.ts";
export {
  hydrogenFrequency,
  hydrogenScore,
  hydrogenSpan,
  hydrogenVelocity,
  type MetropolisOptions,
  sampleHydrogen,
  turnHydrogen,
} from "./hydrogen.ts";
export { builtInImages, imageSetNames, readImageFolder } from "./images.ts";
export { loadPopulation, loadSnapshots } from "./load.ts";
export { type Matrix, readMatrix } from "./matrix.ts";
export { bleed } from "./pictures/bleed.ts";
export { loadPictures, pictureSetNames } from "./pictures/load.ts";
export { noiseField } from "./pictures/noise-field.ts";
export type { Picture, PictureFrame, ReadPicture } from "./pictures/picture.ts";
export { readPicture } from "./pictures/read.ts";
export type { PictureOptions, PictureSet } from "./pictures/set.ts";
export { type ApplyToTiles, type Place, type TileOptions, tiled } from "./pictures/tiled.ts";
export { encodePicture, writePicture } from "./pictures/write.ts";
export type { Population, PopulationOptions, SnapshotSource } from "./population.ts";
export { readTable } from "./read.ts";
export { readSamples, toSamples } from "./samples.ts";
export { type SnapshotOptions, type Snapshots, toSnapshots } from "./snapshots.ts";
export { readSupervised, type SupervisedData, type SupervisedSource } from "./supervised.ts";
export { type Column, column, selectColumns, type Table, table, type Values } from "./table.ts";
export { writeCsv, writeParquet } from "./write.ts";
