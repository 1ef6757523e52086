/** Paths of pictures: what is asked, between what, and how it lies in time. */
export { maskKinds } from "./masks.ts";
export { type ScheduleName, scheduleNames, scheduleOf } from "./schedules.ts";
export { imageTaskNames, imageTaskOf } from "./tasks.ts";
