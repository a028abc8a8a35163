/**
 * What a blob says of its owner, so that a sweep finds the row that should name it: `["o", account, bucket's id, key]` of an
 * object, `["p", account, upload's id, part number]` of a part, which may have become an object's since, `["a", …, name]` of an
 * annotation; and the service of a directory bucket. There every object is made of parts: it may get another key, and blobs can't be told.
 */
import { type AccountId, type Region, randomBytes } from '#platform/base/ids.ts';
import type { BlobOwners, BlobPlace } from '#platform/blobs/blobs.ts';
import type { Partition, ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import { annotations } from '#services/s3/annotations/state.ts';
import type { BucketRow } from '#services/s3/state.ts';
import { manifests, objects, type Piece, partitionOf, parts, versions } from '#services/s3/state.ts';

export const objectOwner = (account: AccountId, bucket: BucketRow, key: string): string =>
  JSON.stringify(['o', account, bucket.id, key]);

export const partOwner = (account: AccountId, { zone }: BucketRow, upload: string, number: number): string =>
  JSON.stringify(['p', account, upload, number, ...(zone === undefined ? [] : ['s3express'])]);

export const annotationOwner = (account: AccountId, bucket: BucketRow, key: string, name: string): string =>
  JSON.stringify(['a', account, bucket.id, key, undefined, name]);

type Owner =
  | readonly ['a', account: AccountId, bucket: number, key: string, service: null, name: string]
  | readonly ['o', account: AccountId, bucket: number, key: string]
  | readonly ['p', account: AccountId, upload: string, number: number, service?: 's3express'];

/** Who owns the bytes of a new object, and the upload that they count for if it is made of parts. */
export function newOwner(account: AccountId, bucket: BucketRow, key: string): { owner: string; upload?: string } {
  if (bucket.zone === undefined) return { owner: objectOwner(account, bucket, key) };
  const upload = randomBytes(18).toString('base64url');
  return { owner: partOwner(account, bucket, upload, 1), upload };
}

/** For the sweep of a region's blobs. */
export function blobOwners(store: Store, region: Region): BlobOwners {
  const placeOf = (text: string): { owner: Owner; partition: Partition } => {
    // Written by the functions above.
    const owner = JSON.parse(text) as Owner;
    const service = owner[4];
    return { owner, partition: partitionOf(store, { account: owner[1], region, ...(service && { service }) }) };
  };
  return {
    async isWanted(text, place) {
      const { owner, partition } = placeOf(text);
      const isNamed = (tx: ReadTransaction): boolean => findPiece(tx, owner, place) !== undefined;
      return partition.read(isNamed) || (await partition.readDurably(isNamed));
    },
    async moved(text, from, to) {
      const { owner, partition } = placeOf(text);
      const isMoved = partition.transact((tx) => {
        const found = findPiece(tx, owner, from);
        found?.rewrite(tx, to);
        return found !== undefined;
      });
      await partition.durable();
      return isMoved;
    },
  };
}

interface FoundPiece {
  rewrite(tx: Transaction, place: BlobPlace): void;
}

function findPiece(tx: ReadTransaction, owner: Owner, place: BlobPlace): FoundPiece | undefined {
  switch (owner[0]) {
    case 'o':
      return findInVersions(tx, owner[2], owner[3], place);
    case 'p':
      return findInUpload(tx, owner[2], owner[3], place);
    case 'a':
      return findInAnnotations(tx, owner[2], owner[3], owner[5], place);
  }
}

/** Of whichever version of the key. */
function findInAnnotations(
  tx: ReadTransaction,
  bucket: number,
  key: string,
  name: string,
  place: BlobPlace,
): FoundPiece | undefined {
  for (const { key: at, row } of tx.range(annotations, { prefix: [bucket, key] })) {
    if (annotations.parts(at)[3] !== name || row.piece.place !== place) continue;
    return { rewrite: (tx, to) => tx.put(annotations, at, { ...row, piece: moved(row.piece, to) }) };
  }
  return undefined;
}

function findInVersions(tx: ReadTransaction, bucket: number, key: string, place: BlobPlace): FoundPiece | undefined {
  const at = objects.key(bucket, key);
  const current = tx.get(objects, at);
  if (current === undefined) return undefined;
  const { piece } = current;
  if (piece?.place === place)
    return { rewrite: (tx, to) => tx.put(objects, at, { ...current, piece: moved(piece, to) }) };
  for (const { key: older, row } of tx.range(versions, { prefix: [bucket, key] })) {
    const { piece: its } = row;
    if (its?.place === place)
      return { rewrite: (tx, to) => tx.put(versions, older, { ...row, piece: moved(its, to) }) };
  }
  return undefined;
}

function findInUpload(tx: ReadTransaction, upload: string, number: number, place: BlobPlace): FoundPiece | undefined {
  const at = parts.key(upload, number);
  const part = tx.get(parts, at);
  if (part?.piece.place === place) {
    return { rewrite: (tx, to) => tx.put(parts, at, { ...part, piece: moved(part.piece, to) }) };
  }
  const manifest = tx.get(manifests, manifests.key(upload));
  if (!manifest?.parts.some(({ piece }) => piece.place === place)) return undefined;
  return {
    rewrite(tx, to) {
      const rewritten = manifest.parts.map((each) =>
        each.piece.place === place ? { ...each, piece: moved(each.piece, to) } : each,
      );
      tx.put(manifests, manifests.key(upload), { parts: rewritten });
    },
  };
}

const moved = (piece: Piece, place: BlobPlace): Piece => ({ ...piece, place });
