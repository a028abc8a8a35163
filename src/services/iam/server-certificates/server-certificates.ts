/** Server certificates: a certificate with its private key and chain, for services that end TLS connections. */
import { iamId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call, CallScope } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { limitExceeded } from '#services/iam/errors.ts';
import { entityArn, nameKey } from '#services/iam/names.ts';
import { pageBelow } from '#services/iam/paging.ts';
import {
  certificateNamed,
  type ServerCertificateRow,
  serverCertificates,
} from '#services/iam/server-certificates/state.ts';
import { checkChain, checkPrivateKey, readCertificate } from '#services/iam/server-certificates/x509.ts';
import { addToCount, countOf, wholeSecond } from '#services/iam/state.ts';
import { moveTags, tagList, writeTags } from '#services/iam/tags.ts';

const CERTIFICATES_PER_ACCOUNT = 'L-BF35879D';

interface CertificateInput {
  readonly ServerCertificateName: string;
}

export const certificateOf = (
  tx: ReadTransaction,
  { ServerCertificateName: name }: CertificateInput,
): ServerCertificateRow =>
  certificateNamed(tx, name) ?? fail('NoSuchEntity', `The Server Certificate with name ${name} cannot be found.`);

export const certificateArn = (
  { account }: Pick<Call, 'account'>,
  row: Pick<ServerCertificateRow, 'path' | 'name'>,
): string => entityArn(account, 'server-certificate', row);

/** The ARN that a permission is needed on; one that is not there is asked for without a path. */
export const certificateResource = ({ ServerCertificateName: name }: CertificateInput, scope: CallScope): string =>
  certificateArn(scope, scope.read((tx) => certificateNamed(tx, name)) ?? { path: '/', name });

const metadataOf = (call: Pick<Call, 'account'>, row: ServerCertificateRow): Model.ServerCertificateMetadata => ({
  Path: row.path,
  ServerCertificateName: row.name,
  ServerCertificateId: row.id,
  Arn: certificateArn(call, row),
  UploadDate: row.uploadedAt,
  Expiration: row.expiresAt,
});

function tagsIn(call: Call, row: ServerCertificateRow): { Tags?: Model.Tag[] } {
  const tags = tagList(tagsOf(call.tx, certificateArn(call, row)));
  return tags.length > 0 ? { Tags: tags } : {};
}

function refuseTakenName(tx: ReadTransaction, name: string): void {
  if (tx.get(serverCertificates, serverCertificates.key(nameKey(name)))) {
    fail('EntityAlreadyExists', `The Server Certificate with name ${name} already exists.`);
  }
}

export const uploadServerCertificate =
  (sealer: Sealer) =>
  (input: Model.UploadServerCertificateRequest, call: Call): Model.UploadServerCertificateResponse => {
    const { tx, account, now } = call;
    const { ServerCertificateName: name, Path: path = '/', CertificateBody: body, CertificateChain: chain } = input;
    const certificate = readCertificate(body, now);
    if (chain !== undefined) checkChain(certificate, chain);
    checkPrivateKey(certificate, input.PrivateKey);
    refuseTakenName(tx, name);
    const most = call.quota(CERTIFICATES_PER_ACCOUNT);
    if (countOf(tx, 'server-certificate') >= most) limitExceeded('ServerCertificatesPerAccount', most);
    const id = iamId('ASCA', 17);
    const row: ServerCertificateRow = {
      name,
      path,
      id,
      uploadedAt: wholeSecond(now),
      expiresAt: Date.parse(certificate.validTo),
      body,
      ...(chain !== undefined && { chain }),
      sealedKey: sealer.seal(input.PrivateKey, { account, record: `server-certificate/${id}`, version: 1 }),
    };
    tx.put(serverCertificates, serverCertificates.key(nameKey(name)), row);
    addToCount(tx, 'server-certificate', 1);
    writeTags(tx, certificateArn(call, row), input.Tags);
    return { ServerCertificateMetadata: metadataOf(call, row), ...tagsIn(call, row) };
  };

export function getServerCertificate(
  input: Model.GetServerCertificateRequest,
  call: Call,
): Model.GetServerCertificateResponse {
  const row = certificateOf(call.tx, input);
  return {
    ServerCertificate: {
      ServerCertificateMetadata: metadataOf(call, row),
      CertificateBody: row.body,
      ...(row.chain !== undefined && { CertificateChain: row.chain }),
      ...tagsIn(call, row),
    },
  };
}

export const listServerCertificates =
  (pages: PageTokens) =>
  (input: Model.ListServerCertificatesRequest, call: Call): Model.ListServerCertificatesResponse => {
    const { items, end } = pageBelow(pages, call, input, serverCertificates);
    return { ServerCertificateMetadataList: items.map((row) => metadataOf(call, row)), ...end };
  };

/** "The principal must have permission to change the server certificate with the old name and the new name." */
export function updatedCertificateResources(
  input: Model.UpdateServerCertificateRequest,
  scope: CallScope,
): readonly string[] {
  const { ServerCertificateName: name, NewPath, NewServerCertificateName } = input;
  const old = scope.read((tx) => certificateNamed(tx, name)) ?? { path: '/', name };
  const renamed = { path: NewPath ?? old.path, name: NewServerCertificateName ?? old.name };
  return [...new Set([certificateArn(scope, old), certificateArn(scope, renamed)])];
}

export function updateServerCertificate(input: Model.UpdateServerCertificateRequest, call: Call): void {
  const { tx } = call;
  const old = certificateOf(tx, input);
  const { NewServerCertificateName: name = old.name, NewPath: path = old.path } = input;
  if (nameKey(name) !== nameKey(old.name)) refuseTakenName(tx, name);
  const row: ServerCertificateRow = { ...old, name, path };
  tx.delete(serverCertificates, serverCertificates.key(nameKey(old.name)));
  tx.put(serverCertificates, serverCertificates.key(nameKey(name)), row);
  moveTags(tx, certificateArn(call, old), certificateArn(call, row));
}

export function deleteServerCertificate(input: Model.DeleteServerCertificateRequest, call: Call): void {
  const { tx } = call;
  const row = certificateOf(tx, input);
  tx.delete(serverCertificates, serverCertificates.key(nameKey(row.name)));
  addToCount(tx, 'server-certificate', -1);
  deleteTags(tx, certificateArn(call, row));
}
