/** A text as JSON: most names, ids and ARNs need no escapes, and looking costs less than escaping. */
export const jsonText = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** ASCII that can be printed, but for the quotation mark and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;
