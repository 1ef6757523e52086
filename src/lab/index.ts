/** Runs, progress, pictures and reports (`pushforward/lab`). Runs in Node. */

export { type Artifact, writeArtifact } from "./artifact.ts";
export { type Argument, type Command, findCommand, group, job, type Outcome, type Registered } from "./command.ts";
export { divided, type PartBench } from "./divided.ts";
export { diskError, inside, makeFolder, writeAside } from "./files.ts";
export { type Interrupt, interruptedExitCode, onInterrupt } from "./interrupt.ts";
export { codeVersion, type InputFile, type Invocation, withInvocation } from "./invocation.ts";
export { type Learner, type RunOptions, runLearner, type Trained } from "./learner.ts";
export type { Desk, Findings, Prepared, Source } from "./life.ts";
export { experiment, method, type Workbench } from "./method.ts";
export { decisive, parseOptions, sharedOptions, talkOptions, validate } from "./options.ts";
export type { Finished, WorkPart } from "./parts.ts";
export { toPng } from "./png.ts";
export { type Progress, type ProgressMode, type ProgressOptions, progress, progressMode } from "./progress.ts";
export { publish } from "./publish.ts";
export { type RunRecord, readRecord } from "./record.ts";
export { type KeyNumber, type Report, type ReportTable, renderReport } from "./report.ts";
export { type Checkpoint, type Config, type Metrics, openRun, type Run } from "./run.ts";
