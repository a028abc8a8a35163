/** Operations that are not there yet, each with its reason. */
const WHOLE_IAM = 'comes with the next part of IAM';

export const notImplemented = {
  // identity providers
  AddClientIDToOpenIDConnectProvider: WHOLE_IAM,
  CreateOpenIDConnectProvider: WHOLE_IAM,
  CreateSAMLProvider: WHOLE_IAM,
  DeleteOpenIDConnectProvider: WHOLE_IAM,
  DeleteSAMLProvider: WHOLE_IAM,
  DisableOutboundWebIdentityFederation: WHOLE_IAM,
  EnableOutboundWebIdentityFederation: WHOLE_IAM,
  GetOpenIDConnectProvider: WHOLE_IAM,
  GetOutboundWebIdentityFederationInfo: WHOLE_IAM,
  GetSAMLProvider: WHOLE_IAM,
  ListOpenIDConnectProviderTags: WHOLE_IAM,
  ListOpenIDConnectProviders: WHOLE_IAM,
  ListSAMLProviderTags: WHOLE_IAM,
  ListSAMLProviders: WHOLE_IAM,
  RemoveClientIDFromOpenIDConnectProvider: WHOLE_IAM,
  SetSecurityTokenServicePreferences: WHOLE_IAM,
  TagOpenIDConnectProvider: WHOLE_IAM,
  TagSAMLProvider: WHOLE_IAM,
  UntagOpenIDConnectProvider: WHOLE_IAM,
  UntagSAMLProvider: WHOLE_IAM,
  UpdateOpenIDConnectProviderThumbprint: WHOLE_IAM,
  UpdateSAMLProvider: WHOLE_IAM,
  // delegation requests
  GetHumanReadableSummary: "the summary is the text of a language model, which a cloud of one's own has not",
} as const;
