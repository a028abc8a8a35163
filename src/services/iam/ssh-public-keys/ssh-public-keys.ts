/** SSH public keys of users, as CodeCommit asks for them. */
import { iamId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { invalidInput, limitExceeded } from '#services/iam/errors.ts';
import { SSH_KEYS_PER_USER } from '#services/iam/limits.ts';
import { ownerOf, USER, userNameOf } from '#services/iam/owners.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import {
  fingerprintOf,
  pemText,
  type RsaPublicKey,
  readPublicKey,
  sshText,
} from '#services/iam/ssh-public-keys/public-key.ts';
import { type SshKeyRow, sshKeys } from '#services/iam/ssh-public-keys/state.ts';
import { type UserRow, wholeSecond } from '#services/iam/state.ts';

/** "The minimum bit-length of the public key is 2048 bits." */
const LEAST_BITS = 2048;

function readRsaKey(body: string): RsaPublicKey {
  const key = readPublicKey(body);
  if (key === 'unrecognized') {
    return fail('UnrecognizedPublicKeyEncoding', 'The public key encoding format is unsupported or unrecognized.');
  }
  if (key === 'broken' || key.bits < LEAST_BITS)
    return fail('InvalidPublicKey', 'The public key is malformed or otherwise invalid.');
  return key;
}

const keysOf = (tx: ReadTransaction, userId: string): SshKeyRow[] =>
  tx.range(sshKeys, { prefix: [userId] }).map(({ row }) => row);

function ownKey(
  tx: ReadTransaction,
  input: { readonly UserName: string; readonly SSHPublicKeyId: string },
): { user: UserRow; row: SshKeyRow } {
  const user = ownerOf(tx, USER, input);
  const { SSHPublicKeyId: id } = input;
  const row = tx.get(sshKeys, sshKeys.key(user.id, id));
  return { user, row: row ?? fail('NoSuchEntity', `The Public Key with id ${id} cannot be found.`) };
}

const keyView = (user: UserRow, row: SshKeyRow, body: string): Model.SSHPublicKey => ({
  UserName: user.name,
  SSHPublicKeyId: row.id,
  Fingerprint: row.fingerprint,
  SSHPublicKeyBody: body,
  Status: row.status,
  UploadDate: row.uploadedAt,
});

export function uploadSshPublicKey(
  input: Model.UploadSSHPublicKeyRequest,
  { tx, now }: Call,
): Model.UploadSSHPublicKeyResponse {
  const user = ownerOf(tx, USER, input);
  const { SSHPublicKeyBody: body } = input;
  const fingerprint = fingerprintOf(readRsaKey(body));
  const others = keysOf(tx, user.id);
  if (others.some((row) => row.fingerprint === fingerprint)) {
    fail('DuplicateSSHPublicKey', 'The SSH public key is already associated with the specified IAM user.');
  }
  if (others.length >= SSH_KEYS_PER_USER) limitExceeded('SSHPublicKeysPerUser', SSH_KEYS_PER_USER);
  const row: SshKeyRow = {
    id: iamId('APKA', 17),
    body,
    fingerprint,
    status: 'Active',
    uploadedAt: wholeSecond(now),
  };
  tx.put(sshKeys, sshKeys.key(user.id, row.id), row);
  return { SSHPublicKey: keyView(user, row, body) };
}

export function getSshPublicKey(input: Model.GetSSHPublicKeyRequest, { tx }: Call): Model.GetSSHPublicKeyResponse {
  const { user, row } = ownKey(tx, input);
  const key = readRsaKey(row.body);
  return { SSHPublicKey: keyView(user, row, input.Encoding === 'PEM' ? pemText(key) : sshText(key)) };
}

export const listSshPublicKeys =
  (pages: PageTokens) =>
  (input: Model.ListSSHPublicKeysRequest, call: Call): Model.ListSSHPublicKeysResponse => {
    // The root user has none: they are of use for CodeCommit alone, which takes IAM users only.
    const UserName = userNameOf(input, call.principal);
    const user = UserName === undefined ? undefined : ownerOf(call.tx, USER, { UserName });
    const rows = user ? keysOf(call.tx, user.id) : [];
    const { items, end } = pageOf(pages, call, input, user?.id, counted(rows));
    const views = items.map(({ id, status, uploadedAt }) => ({
      UserName: user?.name ?? '',
      SSHPublicKeyId: id,
      Status: status,
      UploadDate: uploadedAt,
    }));
    return { SSHPublicKeys: views, ...end };
  };

export function updateSshPublicKey(input: Model.UpdateSSHPublicKeyRequest, { tx }: Call): void {
  const { user, row } = ownKey(tx, input);
  const { Status: status } = input;
  if (status === 'Expired') throw invalidInput('The status of an SSH public key can be Active or Inactive.');
  tx.put(sshKeys, sshKeys.key(user.id, row.id), { ...row, status });
}

export function deleteSshPublicKey(input: Model.DeleteSSHPublicKeyRequest, { tx }: Call): void {
  const { user, row } = ownKey(tx, input);
  tx.delete(sshKeys, sshKeys.key(user.id, row.id));
}
