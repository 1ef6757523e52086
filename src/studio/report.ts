/** Title and summary of a report, as its page says them. */
export function headline(html: string): { title?: string; summary?: string } {
  const [title, summary] = [/<h1>(.*?)<\/h1>/s, /<p class="summary">(.*?)<\/p>/s].map((tag) => tag.exec(html)?.[1]);
  return { ...(title !== undefined && { title: plainText(title) }), ...(summary !== undefined && { summary: plainText(summary) }) };
}

const entities: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
const plainText = (html: string): string => html.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity]);
