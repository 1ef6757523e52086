/** What columns of times, velocities and bookkeeping are usually called. */

/** Names that are looked for first, in this order. */
export const timeNames = ["time", "t", "day", "days", "year", "hour", "timepoint"];

/** Names of a vector of times that are looked for then: the choice is told. */
export const otherTimeNames = [
  "times",
  "ts",
  "time_points",
  "timepoints",
  "time_point",
  "sample_labels",
  "time_labels",
  "timestamps",
  "stage",
];

/** Is an array by this name one of times? */
export const isTimeName = (name: string): boolean => [...timeNames, ...otherTimeNames].includes(name.toLowerCase());

/** Does a numeric column read like a measured velocity? Numbers at the end are those of coordinates. */
export const isVelocityName = (name: string): boolean => /^(velocit(y|ies)|delta_embedding|speeds?)[_ ]?\d*$|^v\d+$/i.test(name);

/** Does a numeric column read like a number of the row, or a part of the data that it belongs to? */
export const isBookkeeping = (name: string): boolean =>
  /^(idx|index|indices|row|row_?id|cell_?id|particle_?id|id|split|fold|is_?train|is_?test|train_?mask|test_?mask)$/i.test(name);
