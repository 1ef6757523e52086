/** Tables, snapshots and built-in data sets (`pushforward/data`). Runs in Node. */
export { type Dataset, dataset, datasetNames } from "./builtin.ts";
export { nearest, UserError } from "./errors.ts";
export { readTable } from "./read.ts";
export { type SnapshotOptions, type Snapshots, toSnapshots } from "./snapshots.ts";
export { type Column, column, selectColumns, type Table, table, type Values } from "./table.ts";
export { writeCsv, writeParquet } from "./write.ts";
