/** SAML providers: whose assertions AssumeRoleWithSAML takes. */
import { createPrivateKey } from 'node:crypto';
import { type AccountId, iamId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { invalidInput, limitExceeded } from '#services/iam/errors.ts';
import { namedRows } from '#services/iam/paging.ts';
import { type ParsedMetadata, parseMetadata } from '#services/iam/saml-providers/metadata.ts';
import {
  type SamlProviderRow,
  samlMetadata,
  samlNameOfArn,
  samlProviderArn,
  samlProviders,
  sealedPlace,
} from '#services/iam/saml-providers/state.ts';
import { addToCount, countOf, wholeSecond } from '#services/iam/state.ts';
import { tagList, writeTags } from '#services/iam/tags.ts';

const PROVIDERS_PER_ACCOUNT = 'L-DB618D39';
const MOST_PRIVATE_KEYS = 2;

interface ByArn {
  readonly SAMLProviderArn: string;
}

function providerOf(tx: ReadTransaction, { SAMLProviderArn: arn }: ByArn, account: AccountId): SamlProviderRow {
  const row = tx.get(samlProviders, samlProviders.key(samlNameOfArn(arn)));
  const isOwn = row !== undefined && samlProviderArn(account, row.name) === arn;
  return isOwn ? row : fail('NoSuchEntity', `Manifest not found for arn ${arn}`);
}

/** The ARN, of a provider that is there. */
export const arnOfProvider = (input: ByArn, { tx, account }: Call): string =>
  samlProviderArn(account, providerOf(tx, input, account).name);

/** Metadata without an end is good for a hundred years (example of get-saml-provider in the AWS CLI's reference). */
function endOf({ validUntil }: ParsedMetadata, now: number): number {
  if (validUntil === undefined) return new Date(now).setUTCFullYear(new Date(now).getUTCFullYear() + 100);
  return validUntil > now ? validUntil : invalidInput('The metadata document has expired.');
}

function checkEncryption({ encryption, privateKeys }: SamlProviderRow): void {
  if (privateKeys.length > MOST_PRIVATE_KEYS) limitExceeded('PrivateKeysPerSAMLProvider', MOST_PRIVATE_KEYS);
  if (encryption !== undefined && privateKeys.length === 0) {
    invalidInput('A private key is needed to decrypt assertions.');
  }
}

function sealedKey(sealer: Sealer, { account, now }: Call, pem: string): SamlProviderRow['privateKeys'][number] {
  const id = iamId('', 24);
  try {
    if (createPrivateKey(pem).asymmetricKeyType !== 'rsa') throw new Error('not RSA');
  } catch {
    invalidInput('The private key must be an unencrypted RSA key in PEM format.');
  }
  return { id, addedAt: wholeSecond(now), sealed: sealer.seal(pem, sealedPlace(account, id)) };
}

export const createSamlProvider =
  (sealer: Sealer) =>
  async (input: Model.CreateSAMLProviderRequest, call: Call): Promise<Model.CreateSAMLProviderResponse> => {
    const { Name: name, SAMLMetadataDocument: document } = input;
    const metadata = await parseMetadata(document);
    const row: SamlProviderRow = {
      ...metadata,
      name,
      uuid: iamId('SAMLSP', 16),
      createdAt: wholeSecond(call.now),
      validUntil: endOf(metadata, call.now),
      ...(input.AssertionEncryptionMode && { encryption: input.AssertionEncryptionMode }),
      privateKeys: input.AddPrivateKey === undefined ? [] : [sealedKey(sealer, call, input.AddPrivateKey)],
    };
    checkEncryption(row);
    const most = call.quota(PROVIDERS_PER_ACCOUNT);
    const arn = samlProviderArn(call.account, name);
    return call.transact((tx) => {
      if (tx.get(samlProviders, samlProviders.key(name))) {
        fail('EntityAlreadyExists', `SAMLProvider with name ${name} already exists.`);
      }
      if (countOf(tx, 'saml-provider') >= most) limitExceeded('SAMLProvidersPerAccount', most);
      write(tx, row, document);
      addToCount(tx, 'saml-provider', 1);
      writeTags(tx, arn, input.Tags);
      const tags = tagList(tagsOf(tx, arn));
      return { SAMLProviderArn: arn, ...(tags.length > 0 && { Tags: tags }) };
    });
  };

function write(tx: Transaction, row: SamlProviderRow, document: string | undefined): void {
  tx.put(samlProviders, samlProviders.key(row.name), row);
  if (document !== undefined) tx.put(samlMetadata, samlMetadata.key(row.name), { document });
}

/** "To rotate private keys, add your new private key and then remove the old key in a separate request." */
export const updateSamlProvider =
  (sealer: Sealer) =>
  async (input: Model.UpdateSAMLProviderRequest, call: Call): Promise<Model.UpdateSAMLProviderResponse> => {
    const { SAMLMetadataDocument: document, AddPrivateKey: added, RemovePrivateKey: removed } = input;
    const metadata = document === undefined ? undefined : await parseMetadata(document);
    return call.transact((tx) => {
      const old = providerOf(tx, input, call.account);
      if (removed !== undefined && !old.privateKeys.some(({ id }) => id === removed)) {
        fail('NoSuchEntity', `Private key ${removed} not found.`);
      }
      const kept = old.privateKeys.filter(({ id }) => id !== removed);
      const row: SamlProviderRow = {
        ...old,
        ...(metadata && { ...metadata, validUntil: endOf(metadata, call.now) }),
        ...(input.AssertionEncryptionMode && { encryption: input.AssertionEncryptionMode }),
        privateKeys: added === undefined ? kept : [...kept, sealedKey(sealer, call, added)],
      };
      checkEncryption(row);
      write(tx, row, document);
      return { SAMLProviderArn: input.SAMLProviderArn };
    });
  };

export function getSamlProvider(
  input: Model.GetSAMLProviderRequest,
  { tx, account }: Call,
): Model.GetSAMLProviderResponse {
  const row = providerOf(tx, input, account);
  const document = tx.get(samlMetadata, samlMetadata.key(row.name))?.document;
  return {
    SAMLProviderUUID: row.uuid,
    ...(document !== undefined && { SAMLMetadataDocument: document }),
    CreateDate: row.createdAt,
    ValidUntil: row.validUntil,
    Tags: tagList(tagsOf(tx, samlProviderArn(account, row.name))),
    ...(row.encryption && { AssertionEncryptionMode: row.encryption }),
    PrivateKeyList: row.privateKeys.map(({ id, addedAt }) => ({ KeyId: id, Timestamp: addedAt })),
  };
}

export function listSamlProviders(_input: object, { tx, account }: Call): Model.ListSAMLProvidersResponse {
  const rows = [...namedRows(tx, samlProviders, undefined)].map(([, row]) => row);
  return {
    SAMLProviderList: rows.map(({ name, validUntil, createdAt }) => ({
      Arn: samlProviderArn(account, name),
      ValidUntil: validUntil,
      CreateDate: createdAt,
    })),
  };
}

export function deleteSamlProvider(input: ByArn, { tx, account }: Call): void {
  const { name } = providerOf(tx, input, account);
  tx.delete(samlProviders, samlProviders.key(name));
  tx.delete(samlMetadata, samlMetadata.key(name));
  addToCount(tx, 'saml-provider', -1);
  deleteTags(tx, samlProviderArn(account, name));
}
