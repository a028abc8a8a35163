/** The table of the operations on server certificates. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Call, Handlers } from '#platform/service.ts';
import { below } from '#services/iam/names.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  certificateArn,
  certificateOf,
  certificateResource,
  deleteServerCertificate,
  getServerCertificate,
  listServerCertificates,
  updatedCertificateResources,
  updateServerCertificate,
  uploadServerCertificate,
} from '#services/iam/server-certificates/server-certificates.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';

const arnOf = (input: { readonly ServerCertificateName: string }, call: Call): string =>
  certificateArn(call, certificateOf(call.tx, input));

export const serverCertificateOperations = ({ sealer, pages }: IamParts) =>
  ({
    UploadServerCertificate: {
      handler: uploadServerCertificate(sealer),
      resource: ({ Path: path = '/', ServerCertificateName: name }, scope) => certificateArn(scope, { path, name }),
    },
    GetServerCertificate: { handler: getServerCertificate, resource: certificateResource },
    ListServerCertificates: {
      handler: listServerCertificates(pages),
      resource: below('server-certificate'),
    },
    UpdateServerCertificate: { handler: updateServerCertificate, resource: updatedCertificateResources },
    DeleteServerCertificate: { handler: deleteServerCertificate, resource: certificateResource },
    TagServerCertificate: { handler: tag(arnOf), resource: certificateResource },
    UntagServerCertificate: { handler: untag(arnOf), resource: certificateResource },
    ListServerCertificateTags: { handler: listTags(pages, arnOf), resource: certificateResource },
  }) satisfies Partial<Handlers<IamOperations, object>>;
