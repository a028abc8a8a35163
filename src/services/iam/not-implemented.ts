/** Operations that are left out, each with its reason. */
export const notImplemented = {
  GetHumanReadableSummary: "the summary is the text of a language model, which a cloud of one's own has not",
} as const;
