/** What a report says first, as src/lab/report.ts writes it. */
import type { RunDetail } from "./api.ts";

/** Title and summary. */
export function headline(html: string): { title?: string; summary?: string } {
  const [title, summary] = [/<h1>(.*?)<\/h1>/s, /<p class="summary">(.*?)<\/p>/s].map((tag) => tag.exec(html)?.[1]);
  return { ...(title !== undefined && { title: plainText(title) }), ...(summary !== undefined && { summary: plainText(summary) }) };
}

const keyRow = /<tr><th>(.*?)<\/th><td class="number">(.*?)<\/td><td>(.*?)<\/td><\/tr>/gs;

/** The key numbers, with their errors. */
export function keyNumbers(html: string): RunDetail["numbers"] {
  const [table = ""] = /<table class="key">.*?<\/table>/s.exec(html) ?? [];
  return [...table.matchAll(keyRow)].map((row) => {
    const [, name, value, note] = row.map(plainText);
    return { name, value, ...(note !== "" && { note }) };
  });
}

const entities: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
const plainText = (html: string): string => html.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity]);
