/** X.509 signing certificates of users and of the root user, for services whose requests are signed with them. */
import type { X509Certificate } from 'node:crypto';
import { iamId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { invalidInput, limitExceeded } from '#services/iam/errors.ts';
import { SIGNING_CERTIFICATES_PER_USER } from '#services/iam/limits.ts';
import { type CredentialOwner, credentialOwner } from '#services/iam/owners.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import { readCertificate } from '#services/iam/server-certificates/x509.ts';
import {
  type SigningCertificateRow,
  signingCertificateOwners,
  signingCertificates,
} from '#services/iam/signing-certificates/state.ts';
import { wholeSecond } from '#services/iam/state.ts';

const LEAST_BITS = 1024;

export const certificatesOf = (tx: ReadTransaction, owner: string): SigningCertificateRow[] =>
  tx.range(signingCertificates, { prefix: [owner] }).map(({ row }) => row);

/** Requests are signed by RSA. */
function checkKey({ publicKey }: X509Certificate): void {
  const bits = publicKey.asymmetricKeyType === 'rsa' ? (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  if (bits < LEAST_BITS) {
    fail('InvalidCertificate', `The certificate must contain an RSA key of at least ${LEAST_BITS} bits.`);
  }
}

interface CertificateInput {
  readonly UserName?: string;
  readonly CertificateId: string;
}

function ownCertificate(input: CertificateInput, call: Call): { owner: CredentialOwner; row: SigningCertificateRow } {
  const owner = credentialOwner(call.tx, input, call);
  const { CertificateId: id } = input;
  const row = call.tx.get(signingCertificates, signingCertificates.key(owner.id, id));
  return { owner, row: row ?? fail('NoSuchEntity', `The Certificate with id ${id} cannot be found.`) };
}

const certificateView = ({ name }: CredentialOwner, row: SigningCertificateRow): Model.SigningCertificate => ({
  UserName: name,
  CertificateId: row.id,
  CertificateBody: row.body,
  Status: row.status,
  UploadDate: row.uploadedAt,
});

export function uploadSigningCertificate(
  input: Model.UploadSigningCertificateRequest,
  call: Call,
): Model.UploadSigningCertificateResponse {
  const { tx, now } = call;
  const owner = credentialOwner(tx, input, call);
  const { CertificateBody: body } = input;
  const certificate = readCertificate(body, now);
  checkKey(certificate);
  const fingerprint = certificate.fingerprint256;
  if (tx.get(signingCertificateOwners, signingCertificateOwners.key(fingerprint))) {
    fail('DuplicateCertificate', 'The same certificate is associated with an IAM user in the account.');
  }
  if (certificatesOf(tx, owner.id).length >= SIGNING_CERTIFICATES_PER_USER) {
    limitExceeded('SigningCertificatesPerUser', SIGNING_CERTIFICATES_PER_USER);
  }
  const row: SigningCertificateRow = {
    id: iamId('', 32),
    body,
    fingerprint,
    status: 'Active',
    uploadedAt: wholeSecond(now),
  };
  tx.put(signingCertificates, signingCertificates.key(owner.id, row.id), row);
  tx.put(signingCertificateOwners, signingCertificateOwners.key(fingerprint), { owner: owner.id });
  return { Certificate: certificateView(owner, row) };
}

export const listSigningCertificates =
  (pages: PageTokens) =>
  (input: Model.ListSigningCertificatesRequest, call: Call): Model.ListSigningCertificatesResponse => {
    const owner = credentialOwner(call.tx, input, call);
    const { items, end } = pageOf(pages, call, input, owner.id, counted(certificatesOf(call.tx, owner.id)));
    return { Certificates: items.map((row) => certificateView(owner, row)), ...end };
  };

export function updateSigningCertificate(input: Model.UpdateSigningCertificateRequest, call: Call): void {
  const { owner, row } = ownCertificate(input, call);
  const { Status: status } = input;
  if (status === 'Expired') throw invalidInput('The status of a certificate can be Active or Inactive.');
  call.tx.put(signingCertificates, signingCertificates.key(owner.id, row.id), { ...row, status });
}

export function deleteSigningCertificate(input: Model.DeleteSigningCertificateRequest, call: Call): void {
  const { owner, row } = ownCertificate(input, call);
  call.tx.delete(signingCertificates, signingCertificates.key(owner.id, row.id));
  call.tx.delete(signingCertificateOwners, signingCertificateOwners.key(row.fingerprint));
}
