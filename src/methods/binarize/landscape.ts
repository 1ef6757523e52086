/** `pushforward binarize landscape`: what a table of costs, or the losses of a family, look like to a search. */
import { z } from "zod";
import { job } from "../../lab/command.ts";
import { talkOptions } from "../../lab/options.ts";
import { progress, progressMode } from "../../lab/progress.ts";
import { formatNumber } from "../../numbers.ts";
import { localMinima, optimumOf, rangeOf } from "../../quantum/landscape/optima.ts";
import { bitText } from "../../quantum/landscape/table.ts";
import { haarVariance, lowOrderShare, productVariance, walsh, weightsByOrder } from "../../quantum/landscape/walsh.ts";
import { costsOf } from "./enumerated.ts";
import { costOptions, input } from "./options.ts";
import { loadCosts } from "./problem.ts";

/** Configurations that are listed. */
const listed = 10;

export const landscape = job({
  name: "binarize landscape",
  summary: "minimum, ties, local minima and Walsh spectrum of a table of costs",
  arguments: [input],
  examples: ["pushforward binarize landscape --table costs.txt --json", "pushforward binarize landscape --data gaussian"],
  options: z.object({ ...costOptions, data: z.string().optional().describe("a built-in data set instead of a file"), ...talkOptions }),
  async run([file], options) {
    const loaded = await loadCosts(file, options, "all");
    const mode = progressMode(options);
    const costs = (await costsOf(loaded, (label, total) => progress({ label, total, mode })))!;
    const { bits, notes } = loaded;
    const { minimum, set } = optimumOf(costs);
    const { maximum, mean } = rangeOf(costs);
    const minima = localMinima(costs);
    const spectrum = walsh(costs);
    const weights = weightsByOrder(spectrum);
    const share = lowOrderShare(weights);
    const optima = set.slice(0, listed).map((k) => bitText(k, bits));
    const variances = { product: productVariance(weights), haar: haarVariance(spectrum) };
    const results = {
      ...{ walsh: [...weights], minimum, count: set.length, localMinima: minima.length },
      ...{ bits, maximum, mean, lowOrderShare: share, optima, variances, notes },
      lowest: minima.slice(0, listed).map((k) => ({ bits: bitText(k, bits), cost: costs[k] })),
    };
    const text = [
      ...notes.map((note) => `note: ${note}`),
      `${bits} bits, costs from ${formatNumber(minimum)} to ${formatNumber(maximum)}, mean ${formatNumber(mean)}`,
      `minimum ${minimum} of ${set.length} ${set.length === 1 ? "configuration" : "configurations"}: ${optima.join(", ")}${set.length > listed ? ", …" : ""}`,
      `${minima.length} local minima of single flips; the lowest ${minima
        .slice(0, 5)
        .map((k) => formatNumber(costs[k]))
        .join(", ")}`,
      `Walsh weights by order: ${Array.from(weights, formatNumber).join(", ")}`,
      `orders 1 and 2 hold ${formatNumber(100 * share)} % of the variance`,
    ];
    return { results, text };
  },
});
