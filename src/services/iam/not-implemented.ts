/** Operations that are not there yet, each with its reason. */
const WHOLE_IAM = 'comes with the next part of IAM';

export const notImplemented = {
  // identity providers
  SetSecurityTokenServicePreferences: WHOLE_IAM,
  // organisation root features
  DisableOrganizationsRootCredentialsManagement: WHOLE_IAM,
  DisableOrganizationsRootSessions: WHOLE_IAM,
  EnableOrganizationsRootCredentialsManagement: WHOLE_IAM,
  EnableOrganizationsRootSessions: WHOLE_IAM,
  ListOrganizationsFeatures: WHOLE_IAM,
  // delegation requests
  AcceptDelegationRequest: WHOLE_IAM,
  AssociateDelegationRequest: WHOLE_IAM,
  CreateDelegationRequest: WHOLE_IAM,
  GetDelegationRequest: WHOLE_IAM,
  GetHumanReadableSummary: WHOLE_IAM,
  ListDelegationRequests: WHOLE_IAM,
  RejectDelegationRequest: WHOLE_IAM,
  SendDelegationToken: WHOLE_IAM,
  UpdateDelegationRequest: WHOLE_IAM,
} as const;
