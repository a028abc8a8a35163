/** Rows of SAML providers. The metadata document lies apart: a sign-in needs what was read from it, not the text. */
import type { AccountId } from '#platform/base/ids.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { invalidArn } from '#services/iam/errors.ts';
import type { SamlMetadata } from '#services/iam/saml-providers/metadata.ts';

export interface SamlProviderRow extends SamlMetadata {
  readonly name: string;
  /** `SAMLSP…` */
  readonly uuid: string;
  readonly createdAt: number;
  readonly validUntil: number;
  /** Undefined: assertions come as they come, and none can be decrypted. */
  readonly encryption?: 'Required' | 'Allowed';
  readonly privateKeys: readonly SamlPrivateKeyRow[];
}

interface SamlPrivateKeyRow {
  readonly id: string;
  readonly addedAt: number;
  /** PEM, sealed for this key. */
  readonly sealed: string;
}

/** By name. */
export const samlProviders = table('saml-provider', [text], jsonRows<SamlProviderRow>(1));
export const samlMetadata = table('saml-metadata', [text], jsonRows<{ readonly document: string }>(1));

export const samlProviderArn = (account: AccountId, name: string): string =>
  `arn:aws:iam::${account}:saml-provider/${name}`;

const ARN = /^arn:aws:iam::\d{12}:saml-provider\/([\w.-]+)$/;

export const samlNameOfArn = (arn: string): string => ARN.exec(arn)?.[1] ?? invalidArn();

export const sealedPlace = (account: AccountId, id: string) => ({ account, record: `saml-key/${id}`, version: 1 });
