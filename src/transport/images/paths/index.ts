/** Paths of pictures: what is asked, between what, and how it lies in time. */
export { type MaskKind, maskKinds } from "./masks.ts";
export { type ScheduleName, scheduleNames, scheduleOf } from "./schedules.ts";
export { type ImageTask, type ImageTaskName, imageTaskNames, imageTaskOf, type Observation } from "./tasks.ts";
