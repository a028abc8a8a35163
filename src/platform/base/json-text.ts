/** A text as JSON: most names, ids and ARNs need no escapes, and looking costs less than escaping. */
export const jsonText = (text: string): string => (isPlainText(text) ? `"${text}"` : JSON.stringify(text));

/** Stands between quotation marks as it is. */
export const isPlainText = (value: unknown): value is string => typeof value === 'string' && PLAIN.test(value);

/** ASCII that can be printed, but for the quotation mark and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;
