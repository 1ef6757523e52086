/** What there is to see of a ladder: chains over the levels of their density, and bounds that close. */
import { toNumbers } from "../../array/index.ts";
import { estimate } from "../../sampling/index.ts";
import { levelLines } from "../contours.ts";
import type { Panel } from "../demo.ts";
import type { At, Moment, Rung } from "./ladder.ts";
import { type Posterior, shown } from "./posteriors.ts";

/** Levels are drawn so far below the top of the log density: one, two and three deviations of a Gaussian. */
const below = [0.5, 2, 4.5];

function chainPanel(title: string, { terms }: Posterior, { beta, x }: At, color: number): Panel {
  const logs = terms.prior.map((p, i) => p + beta * terms.fit[i]);
  const top = logs.reduce((a, b) => Math.max(a, b));
  return {
    ...{ kind: "points", title: `${title}, β = ${beta.toPrecision(2)}`, x: shown.x, y: shown.y },
    groups: [
      {
        label: "levels of the density",
        points: levelLines(
          shown,
          logs,
          below.map((b) => top - b),
        ),
        color: 7,
        joined: true,
        opacity: 0.6,
      },
      { label: "chains", points: Float32Array.from(toNumbers(x)), color, size: 2, opacity: 0.6 },
    ],
  };
}

/** Bounds of all rungs with their standard errors, beside the exact value. */
function boundsPanel(rungs: readonly Rung[], { exact, constant }: Posterior): Panel {
  const x = rungs.map((r) => Math.log2(r.temperatures));
  const series = (label: string, values: (r: Rung) => Float64Array, color: number) => {
    const found = rungs.map((r) => estimate(values(r)));
    return {
      ...{ label, x, color },
      y: found.map((e) => e.mean + constant),
      low: found.map((e) => e.mean - e.error + constant),
      high: found.map((e) => e.mean + e.error + constant),
    };
  };
  return {
    ...{ kind: "curves", title: "Bounds on log p(x)", xLabel: "log₂ of the number of temperatures", yLabel: "nats" },
    series: [
      series("upper bound", (r) => r.upper, 1),
      series("lower bound", (r) => r.lower, 0),
      { label: "exact", x: [x[0] ?? 0, x.at(-1) ?? 1], y: [exact, exact], color: 7, dashed: true },
    ],
  };
}

/** How much the weights and the proposals of this rung are worth, so far. */
function coursePanel(moments: readonly Moment[]): Panel {
  const x = moments.map((m) => m.step);
  const accepted = moments.flatMap((m) => (m.acceptance === undefined ? [] : [m.acceptance]));
  return {
    ...{ kind: "curves", title: "This rung", xLabel: "step", yLabel: "share" },
    series: [
      { label: "effective size of the weights", x, y: moments.map((m) => m.effective), color: 2 },
      ...(accepted.length > 0 ? [{ label: "acceptance", x, y: accepted, color: 3 }] : []),
    ],
  };
}

export function panelsOf(posterior: Posterior, rungs: readonly Rung[], moments: readonly Moment[]): Panel[] {
  const { up, down } = moments[moments.length - 1];
  return [
    chainPanel("From the prior up", posterior, up, 0),
    ...(down ? [chainPanel("From exact draws down", posterior, down, 1)] : []),
    boundsPanel(rungs, posterior),
    coursePanel(moments),
  ];
}
