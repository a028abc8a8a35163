/**
 * Structures that answers hold by the thousand, written by hand: a member that is read by its name costs a tenth of one that is read by a
 * variable. The test holds them against what is made of the model.
 */
import type { XmlWriter } from '#gateway/wire/xml-encode.ts';
import { escapeXml } from '#gateway/wire/xml-escape.ts';

/** `member` gives the writer of a member's element. */
type ByHand = (member: (name: string) => XmlWriter) => XmlWriter;

/** By service and shape. */
export const BY_HAND: Readonly<Record<string, ByHand>> = { 'S3 Object': listedObject };

interface ListedObject {
  readonly Key: string;
  readonly LastModified: number;
  readonly ETag: string;
  readonly ChecksumAlgorithm?: readonly string[];
  readonly ChecksumType?: string;
  readonly Size: number;
  readonly StorageClass: string;
  readonly Owner?: object;
  readonly RestoreStatus?: object;
}

function listedObject(member: (name: string) => XmlWriter): XmlWriter {
  const writeModified = member('LastModified');
  const writeEtag = member('ETag');
  const writeAlgorithm = member('ChecksumAlgorithm');
  const writeType = member('ChecksumType');
  const writeClass = member('StorageClass');
  const writeOwner = member('Owner');
  const writeRestore = member('RestoreStatus');
  return (value) => {
    // The contract: what a list holds is of its shape.
    const object = value as ListedObject;
    const { Key, LastModified, ETag, ChecksumAlgorithm, ChecksumType, Size, StorageClass, Owner, RestoreStatus } =
      object;
    let text = `<Key>${escapeXml(Key)}</Key>${writeModified(LastModified)}${writeEtag(ETag)}`;
    if (ChecksumAlgorithm !== undefined) text += writeAlgorithm(ChecksumAlgorithm);
    if (ChecksumType !== undefined) text += writeType(ChecksumType);
    text += `<Size>${Size}</Size>${writeClass(StorageClass)}`;
    if (Owner !== undefined) text += writeOwner(Owner);
    if (RestoreStatus !== undefined) text += writeRestore(RestoreStatus);
    return text;
  };
}
