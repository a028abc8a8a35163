/**
 * The metadata of a SAML identity provider (OASIS, "Metadata for SAML V2.0"): who it is, until when this holds, and the certificates
 * whose keys sign its assertions. Certificates count as keys only, as SAML has it: neither their dates nor their issuer matter.
 */
import { X509Certificate } from 'node:crypto';
import { attributeOf, childrenNamed, dateTimeOf, isNamed, parseXml, textOf, XmlRefused } from '#platform/xml.ts';
import { invalidInput } from '#services/iam/errors.ts';

export interface SamlMetadata {
  /** The entity id: `Issuer` of its assertions. */
  readonly issuer: string;
  /** PEM. */
  readonly certificates: readonly string[];
}

export interface ParsedMetadata extends SamlMetadata {
  readonly validUntil: number | undefined;
}

const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#';
const SAML_2 = 'urn:oasis:names:tc:SAML:2.0:protocol';
const MOST_CHARACTERS = 10_000_000;
/** A provider's own metadata has some hundred; parsing takes the engine's time. */
const MOST_TAGS = 20_000;
const MOST_CERTIFICATES = 10;
const LONGEST_ISSUER = 1024;
/** "must use a key size of at least 1024 bits" */
const LEAST_BITS = 1024;

const unreadable = (): never => invalidInput('Could not parse metadata');

/** Throws InvalidInput. */
export async function parseMetadata(document: string): Promise<ParsedMetadata> {
  try {
    return read(await parseXml(document, MOST_CHARACTERS, MOST_TAGS));
  } catch (error) {
    throw error instanceof XmlRefused ? unreadable() : error;
  }
}

function read(entity: Element): ParsedMetadata {
  const issuer = attributeOf(entity, 'entityID') ?? '';
  if (!isNamed(entity, METADATA, 'EntityDescriptor') || issuer === '' || issuer.length > LONGEST_ISSUER) unreadable();
  const [idp] = childrenNamed(entity, METADATA, 'IDPSSODescriptor').filter((descriptor) =>
    attributeOf(descriptor, 'protocolSupportEnumeration')?.split(/\s+/).includes(SAML_2),
  );
  if (idp === undefined || childrenNamed(idp, METADATA, 'SingleSignOnService').length === 0) return unreadable();
  const certificates = childrenNamed(idp, METADATA, 'KeyDescriptor')
    .filter((descriptor) => attributeOf(descriptor, 'use') !== 'encryption')
    .flatMap(certificatesIn);
  if (certificates.length === 0 || certificates.length > MOST_CERTIFICATES) unreadable();
  const ends = [entity, idp].flatMap((element) => {
    const text = attributeOf(element, 'validUntil');
    return text === undefined ? [] : [dateTimeOf(text) ?? unreadable()];
  });
  return { issuer, certificates, validUntil: ends.length > 0 ? Math.min(...ends) : undefined };
}

function certificatesIn(descriptor: Element): string[] {
  const texts = childrenNamed(descriptor, SIGNATURE, 'KeyInfo')
    .flatMap((info) => childrenNamed(info, SIGNATURE, 'X509Data'))
    .flatMap((data) => childrenNamed(data, SIGNATURE, 'X509Certificate'))
    .map(textOf);
  return texts.flatMap((text) => {
    const certificate = certificateOf(text);
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
    // Signatures of other kinds are not verified here: such a key stands beside one that counts, or the document has none.
    if (type !== 'rsa') return [];
    return (details?.modulusLength ?? 0) >= LEAST_BITS ? [certificate.toString()] : unreadable();
  });
}

function certificateOf(base64: string): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch {
    return unreadable();
  }
}
