/** The table of the operations on service-specific credentials. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import { callerOrUser, resourceOf, USER } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  credentialConditions as conditions,
  createServiceSpecificCredential,
  deleteServiceSpecificCredential,
  listedUsers,
  listServiceSpecificCredentials,
  resetServiceSpecificCredential,
  updateServiceSpecificCredential,
} from '#services/iam/service-specific-credentials/service-specific-credentials.ts';

export const serviceSpecificCredentialOperations = ({ pages }: IamParts) =>
  ({
    CreateServiceSpecificCredential: {
      handler: createServiceSpecificCredential,
      resource: resourceOf(USER),
      conditions: ({ ServiceName, CredentialAgeDays }) => ({
        'iam:servicespecificcredentialservicename': ServiceName,
        'iam:servicespecificcredentialagedays': CredentialAgeDays?.toString(),
      }),
    },
    ListServiceSpecificCredentials: { handler: listServiceSpecificCredentials(pages), resource: listedUsers },
    ResetServiceSpecificCredential: { handler: resetServiceSpecificCredential, resource: callerOrUser, conditions },
    UpdateServiceSpecificCredential: { handler: updateServiceSpecificCredential, resource: callerOrUser, conditions },
    DeleteServiceSpecificCredential: { handler: deleteServiceSpecificCredential, resource: callerOrUser, conditions },
  }) satisfies Partial<Handlers<IamOperations, object>>;
