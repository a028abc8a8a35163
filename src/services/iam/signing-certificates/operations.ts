/** The table of the operations on signing certificates. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import { callerOrUser } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  deleteSigningCertificate,
  listSigningCertificates,
  updateSigningCertificate,
  uploadSigningCertificate,
} from '#services/iam/signing-certificates/signing-certificates.ts';

export const signingCertificateOperations = ({ pages }: IamParts) =>
  ({
    UploadSigningCertificate: { handler: uploadSigningCertificate, resource: callerOrUser },
    ListSigningCertificates: { handler: listSigningCertificates(pages), resource: callerOrUser },
    UpdateSigningCertificate: { handler: updateSigningCertificate, resource: callerOrUser },
    DeleteSigningCertificate: { handler: deleteSigningCertificate, resource: callerOrUser },
  }) satisfies Partial<Handlers<IamOperations, object>>;
