/** The table of the operations on the account as a whole. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import { createAccountAlias, deleteAccountAlias, listAccountAliases } from '#services/iam/account/aliases.ts';
import {
  enablingRoleManager,
  getAccountProperties,
  propertyNamespaces,
  putAccountProperties,
} from '#services/iam/account/properties.ts';
import { getAccountSummary } from '#services/iam/account/summary.ts';
import { generateCredentialReport, getCredentialReport } from '#services/iam/credential-report/credential-report.ts';
import type { IamParts } from '#services/iam/parts.ts';

const all = (): string => '*';

export const accountOperations = ({ store, pages }: IamParts) =>
  ({
    CreateAccountAlias: { handler: createAccountAlias(store), resource: all, steps: true },
    DeleteAccountAlias: { handler: deleteAccountAlias(store), resource: all, steps: true },
    ListAccountAliases: { handler: listAccountAliases(pages), resource: all },
    GetAccountProperties: {
      handler: getAccountProperties,
      resource: all,
      conditions: () => propertyNamespaces({}),
    },
    PutAccountProperties: {
      handler: putAccountProperties,
      resource: all,
      conditions: propertyNamespaces,
      further: enablingRoleManager,
    },
    GetAccountSummary: { handler: getAccountSummary, resource: all },
    GenerateCredentialReport: { handler: generateCredentialReport, resource: all },
    GetCredentialReport: { handler: getCredentialReport, resource: all },
  }) satisfies Partial<Handlers<IamOperations, object>>;
