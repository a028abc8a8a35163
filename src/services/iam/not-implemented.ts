/** Operations that are not there yet, each with its reason. */
const WHOLE_IAM = 'comes with the next part of IAM';

export const notImplemented = {
  // identity providers
  SetSecurityTokenServicePreferences: WHOLE_IAM,
  // delegation requests
  GetHumanReadableSummary: "the summary is the text of a language model, which a cloud of one's own has not",
} as const;
