/** The table of the operations on SSH public keys. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import { callerOrUser, resourceOf, USER } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  deleteSshPublicKey,
  getSshPublicKey,
  listSshPublicKeys,
  updateSshPublicKey,
  uploadSshPublicKey,
} from '#services/iam/ssh-public-keys/ssh-public-keys.ts';

const user = resourceOf(USER);

export const sshPublicKeyOperations = ({ pages }: IamParts) =>
  ({
    UploadSSHPublicKey: { handler: uploadSshPublicKey, resource: user },
    GetSSHPublicKey: { handler: getSshPublicKey, resource: user },
    ListSSHPublicKeys: { handler: listSshPublicKeys(pages), resource: callerOrUser },
    UpdateSSHPublicKey: { handler: updateSshPublicKey, resource: user },
    DeleteSSHPublicKey: { handler: deleteSshPublicKey, resource: user },
  }) satisfies Partial<Handlers<IamOperations, object>>;
