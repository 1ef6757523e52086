/**
 * Text that a spreadsheet would take for a formula when it opens a CSV: it begins with =, +, -, @, a tab or a carriage return, and is no number. It is
 * written with a quotation mark ' before it, which spreadsheets take for "this is text", as OWASP advises ("CSV Injection"). A + or - alone (strands of
 * DNA, missing values) can be no formula. Text that has such marks already gets one more, so that reading is the inverse of writing.
 */
const formula = /^'*[=+\-@\t\r]/;
const harmless = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)?$/i;

/** As it is written. */
export const asText = (text: string): string => (formula.test(text) && !harmless.test(text) ? `'${text}` : text);

/** What was written so; other text as it is. */
export const fromText = (text: string): string => (text.startsWith("'") && formula.test(text) ? text.slice(1) : text);
