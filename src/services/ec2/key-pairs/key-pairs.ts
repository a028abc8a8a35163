/** Key pairs: made here or brought along. The private half of one that is made here is in the answer, and nowhere else. */

import { formatArn } from '#platform/base/arn.ts';
import type {
  CreateKeyPairRequest,
  DeleteKeyPairRequest,
  DeleteKeyPairResult,
  DescribeKeyPairsRequest,
  DescribeKeyPairsResult,
  ImportKeyPairRequest,
  ImportKeyPairResult,
  KeyPair,
} from '#platform/model/generated/ec2.ts';
import type { Call, CallScope, ConditionValues } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { newKeyPair, privateKeyText } from '#services/ec2/key-pairs/private-key.ts';
import {
  createdFingerprint,
  importedFingerprint,
  openSshLine,
  readPublicKey,
} from '#services/ec2/key-pairs/public-key.ts';
import {
  dropKeyPair,
  findKeyPair,
  findKeyPairById,
  type KeyPairRow,
  keyPairs,
  putKeyPair,
} from '#services/ec2/key-pairs/state.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';

/** "You can have up to 5,000 key pairs per AWS Region." */
const MOST_KEY_PAIRS = 5000;
const LONGEST_NAME = 255;

type Place = Pick<CallScope, 'region' | 'account'>;

/** Permissions go by the name, as the service authorization reference has it (`key-pair/${KeyPairName}`), tags by the id. */
export const keyPairArn = (name: string, { region, account }: Place): string =>
  formatArn('ec2', region, account, `key-pair/${name}`);
const taggedArn = (place: Place, { id }: KeyPairRow): string => resourceArn(place, 'key-pair', id);

type Draft = Omit<KeyPairRow, 'id' | 'createdAt'>;

export async function createKeyPair(input: CreateKeyPairRequest, call: Call): Promise<KeyPair> {
  const { KeyName: name, KeyType: type = 'rsa', KeyFormat: format = 'pem' } = input;
  const tags = tagsFor('key-pair', input);
  checkName(name);
  // Before the work: making one takes its time. The transaction has the word.
  call.partition.read((tx) => checkRoom(tx, name));
  const pair = await newKeyPair(type);
  const fingerprint = createdFingerprint(type, pair.privateKey, pair.blob);
  const draft = { name, type, fingerprint, publicKey: openSshLine(pair, name) };
  const row = await again(() => call.transact((tx) => keep(tx, call, draft, tags)));
  return {
    KeyFingerprint: fingerprint,
    KeyMaterial: privateKeyText(pair, format, name),
    KeyName: name,
    KeyPairId: row.id,
    ...shownTagsOf(tags),
  };
}

export function importKeyPair(input: ImportKeyPairRequest, call: Call): ImportKeyPairResult {
  const { KeyName: name } = input;
  const tags = tagsFor('key-pair', input);
  checkName(name);
  const key = readPublicKey(input.PublicKeyMaterial as Uint8Array);
  const fingerprint = importedFingerprint(key);
  checkRoom(call.tx, name);
  const { id } = keep(call.tx, call, { name, type: key.type, fingerprint, publicKey: openSshLine(key, name) }, tags);
  return { KeyFingerprint: fingerprint, KeyName: name, KeyPairId: id, ...shownTagsOf(tags) };
}

const shownTagsOf = (tags: Tags) => (Object.keys(tags).length > 0 ? { Tags: shownTags(tags) } : {});

/** "Up to 255 ASCII characters" */
function checkName(name: string): void {
  if (name === '') fail('MissingParameter', 'KeyName');
  if (name.length > LONGEST_NAME || !/^[\x20-\x7e]+$/.test(name)) {
    fail('InvalidParameter', 'keyName', name, 'Up to 255 ASCII characters are allowed.');
  }
}

function checkRoom(tx: ReadTransaction, name: string): void {
  if (findKeyPair(tx, name) !== undefined) fail('KeyPairExists', name);
  if (tx.range(keyPairs, { limit: MOST_KEY_PAIRS }).length === MOST_KEY_PAIRS) {
    fail('KeyPairLimitExceeded', MOST_KEY_PAIRS);
  }
}

function keep(tx: Transaction, call: Call, draft: Draft, tags: Tags): KeyPairRow {
  checkRoom(tx, draft.name);
  const row = { ...draft, id: newId('key'), createdAt: call.clock.now() };
  putKeyPair(tx, row);
  setTags(tx, taggedArn(call, row), tags);
  return row;
}

/** By name or by id. */
interface Named {
  readonly KeyName?: string;
  readonly KeyPairId?: string;
}

const findNamed = (tx: ReadTransaction, { KeyName: name, KeyPairId: id }: Named): KeyPairRow | undefined =>
  name !== undefined ? findKeyPair(tx, name) : id === undefined ? undefined : findKeyPairById(tx, id);

/** A pair that is not there is gone as well. */
export function deleteKeyPair(input: DeleteKeyPairRequest, call: Call): DeleteKeyPairResult {
  const named = input as Named;
  if (named.KeyName === undefined && named.KeyPairId === undefined) fail('MissingParameter', 'KeyName');
  if (named.KeyName !== undefined && named.KeyPairId !== undefined) {
    fail('InvalidCombination', "The parameters 'KeyName' and 'KeyPairId' can't be used together.");
  }
  const row = findNamed(call.tx, named);
  if (row === undefined) return { Return: true };
  dropKeyPair(call.tx, row);
  deleteTags(call.tx, taggedArn(call, row));
  return { Return: true, KeyPairId: row.id };
}

type Shown = KeyPairRow & { readonly tags: Tags };

const FIELDS: Fields<Shown> = {
  'key-pair-id': ({ id }) => id,
  fingerprint: ({ fingerprint }) => fingerprint,
  'key-name': ({ name }) => name,
};

export function describeKeyPairs(input: DescribeKeyPairsRequest, call: Call): DescribeKeyPairsResult {
  const { tx } = call;
  const passes = compileFilters(input.Filters, FIELDS, ({ tags }: Shown) => tags);
  const rows = namedPairs(tx, input.KeyNames ?? [], input.KeyPairIds ?? []);
  const shown = rows
    .map((row) => ({ ...row, tags: tagsOf(tx, taggedArn(call, row)) }))
    .filter(passes)
    .map(({ id, name, type, fingerprint, publicKey, createdAt, tags }) => ({
      KeyPairId: id,
      KeyFingerprint: fingerprint,
      KeyName: name,
      KeyType: type,
      Tags: shownTags(tags),
      ...(input.IncludePublicKey === true && { PublicKey: publicKey }),
      CreateTime: createdAt,
    }));
  return { KeyPairs: shown };
}

/** All, if none is named. One that is named and not there is an error. */
function namedPairs(tx: ReadTransaction, names: readonly string[], ids: readonly string[]): readonly KeyPairRow[] {
  if (names.length === 0 && ids.length === 0) return tx.range(keyPairs).map(({ row }) => row);
  const found = [
    ...names.map((name) => findKeyPair(tx, name) ?? fail('NoSuchKeyPair', name)),
    ...ids.map((id) => findKeyPairById(tx, id) ?? fail('NoSuchKeyPair', id)),
  ];
  return [...new Map(found.map((row) => [row.id, row])).values()];
}

/** Of the pair that is named; of one that is not there, what the name would be. */
export function deletedArn(input: DeleteKeyPairRequest, scope: CallScope): string {
  const named = input as Named;
  const name = scope.read((tx) => findNamed(tx, named))?.name ?? named.KeyName ?? named.KeyPairId ?? '*';
  return keyPairArn(name, scope);
}

export function deletedConditions(input: DeleteKeyPairRequest, scope: CallScope): ConditionValues {
  return scope.read((tx) => {
    const row = findNamed(tx, input as Named);
    if (row === undefined) return {};
    const tags = Object.entries(tagsOf(tx, taggedArn(scope, row)));
    const tagged = tags.flatMap(([key, value]) =>
      ['aws', 'ec2'].map((prefix) => [`${prefix}:resourcetag/${key.toLowerCase()}`, value] as const),
    );
    return { 'ec2:keypairname': row.name, 'ec2:keypairtype': row.type, ...Object.fromEntries(tagged) };
  });
}
