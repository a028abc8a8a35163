/** A SAML identity provider for tests: its keys, its metadata, and responses as an IdP makes them, or as an attacker would. */
import {
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { certificate } from '#gateway/http/x509.ts';
import { days, minutes } from '#platform/base/clock.ts';

export interface IdpKey {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly certificate: string;
}

export const idpKey = (modulusLength = 2048): IdpKey =>
  certified(generateKeyPairSync('rsa', { modulusLength }).privateKey);

export const ecIdpKey = (): IdpKey => certified(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);

function certified(privateKey: KeyObject): IdpKey {
  const { privateKey: issuerKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const life = { notBefore: new Date(Date.now() - days(10)), notAfter: new Date(Date.now() - days(1)) };
  // Long expired: a certificate in metadata is a key and nothing else.
  const text = certificate({ subject: 'IdP', issuer: 'IdP', key: privateKey, issuerKey, names: ['idp'], ...life });
  return { privateKey, certificate: text };
}

const bodyOf = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '');

export interface MetadataOptions {
  readonly entityId?: string;
  readonly validUntil?: string;
}

export const ENTITY = 'https://idp.example/saml';

export function metadata(keys: readonly IdpKey[], { entityId = ENTITY, validUntil }: MetadataOptions = {}): string {
  const descriptors = keys.map(
    (key) =>
      '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>' +
      `<ds:X509Certificate>${bodyOf(key.certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}"` +
    `${validUntil === undefined ? '' : ` validUntil="${validUntil}"`}>` +
    '<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">' +
    `${descriptors.join('')}<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>` +
    '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/>' +
    '</md:IDPSSODescriptor></md:EntityDescriptor>'
  );
}

const AWS = 'https://aws.amazon.com/SAML/Attributes/';
export const SIGN_IN = 'https://signin.aws.amazon.com/saml';

export interface AssertionOptions {
  readonly now: number;
  readonly role: string;
  readonly provider: string;
  readonly id?: string;
  readonly issuer?: string;
  /** Raw content of the NameID. */
  readonly nameId?: string;
  readonly format?: string;
  readonly recipient?: string;
  readonly audience?: string;
  readonly issuedAt?: number;
  readonly notBefore?: number;
  readonly notOnOrAfter?: number;
  readonly confirmations?: number;
  readonly sessionNotOnOrAfter?: number;
  /** Beside Role and RoleSessionName; undefined values leave these out. */
  readonly attributes?: Readonly<Record<string, readonly string[] | undefined>>;
}

const time = (at: number): string => new Date(at).toISOString();

export function assertionText(options: AssertionOptions): string {
  const {
    now,
    role,
    provider,
    id = '_assertion',
    issuer = ENTITY,
    nameId = 'ann',
    format,
    recipient = SIGN_IN,
  } = options;
  const end = options.notOnOrAfter ?? now + minutes(5);
  const attributes = Object.entries({
    [`${AWS}Role`]: [`${role},${provider}`],
    [`${AWS}RoleSessionName`]: ['ann@corp'],
    ...options.attributes,
  }).flatMap(([name, values]) => {
    const texts = (values ?? []).map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`);
    return values === undefined ? [] : [`<saml:Attribute Name="${name}">${texts.join('')}</saml:Attribute>`];
  });
  const confirmation =
    '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">' +
    `<saml:SubjectConfirmationData NotOnOrAfter="${time(end)}" Recipient="${recipient}"/></saml:SubjectConfirmation>`;
  const sessionEnd = options.sessionNotOnOrAfter;
  return (
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" ` +
    `IssueInstant="${time(options.issuedAt ?? now)}"><saml:Issuer>${issuer}</saml:Issuer><saml:Subject>` +
    `<saml:NameID Format="${format ?? 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'}">${nameId}</saml:NameID>` +
    `${confirmation.repeat(options.confirmations ?? 1)}</saml:Subject>` +
    `<saml:Conditions NotBefore="${time(options.notBefore ?? now - minutes(1))}" NotOnOrAfter="${time(end)}">` +
    `<saml:AudienceRestriction><saml:Audience>${options.audience ?? 'urn:amazon:webservices'}</saml:Audience>` +
    '</saml:AudienceRestriction></saml:Conditions>' +
    `<saml:AuthnStatement${sessionEnd === undefined ? '' : ` SessionNotOnOrAfter="${time(sessionEnd)}"`}/>` +
    `<saml:AttributeStatement>${attributes.join('')}</saml:AttributeStatement></saml:Assertion>`
  );
}

export function responseText(content: string, status = 'urn:oasis:names:tc:SAML:2.0:status:Success'): string {
  return (
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0">' +
    `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${ENTITY}</saml:Issuer>` +
    `<samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status>${content}</samlp:Response>`
  );
}

export interface SignOptions {
  readonly element?: 'Assertion' | 'Response';
  readonly signature?: string;
  readonly digest?: string;
  readonly canonicalization?: string;
}

const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

/** With the signature where SAML wants it, after the issuer. */
export function signedText(xml: string, key: IdpKey, options: SignOptions = {}): string {
  const { element = 'Assertion', signature = RSA_SHA256, digest = SHA256, canonicalization = EXCLUSIVE } = options;
  const place = `//*[local-name(.)='${element}']`;
  const signer = new SignedXml({ privateKey: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) });
  signer.signatureAlgorithm = signature as typeof RSA_SHA256;
  signer.canonicalizationAlgorithm = canonicalization as typeof EXCLUSIVE;
  signer.addReference({
    xpath: place,
    digestAlgorithm: digest as typeof SHA256,
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', canonicalization as typeof EXCLUSIVE],
  });
  signer.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: `${place}/*[local-name(.)='Issuer']`, action: 'after' },
  });
  return signer.getSignedXml();
}

/** As XML Encryption 1.1 has it: AES-256-GCM under a key that is wrapped by RSA-OAEP. */
export function encryptedText(assertion: string, privateKey: KeyObject, oaepHash: 'sha1' | 'sha256' = 'sha1'): string {
  const [key, iv] = [randomBytes(32), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const body = Buffer.concat([iv, cipher.update(assertion, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const wrapped = publicEncrypt({ key: createPublicKey(privateKey), oaepHash }, key);
  const method =
    oaepHash === 'sha1'
      ? '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>'
      : '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep">' +
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>' +
        '<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>' +
        '</xenc:EncryptionMethod>';
  const value = (bytes: Buffer): string =>
    `<xenc:CipherData><xenc:CipherValue>${bytes.toString('base64')}</xenc:CipherValue></xenc:CipherData>`;
  return (
    '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">' +
    '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">' +
    '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>' +
    `<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>${method}${value(wrapped)}` +
    `</xenc:EncryptedKey></ds:KeyInfo>${value(body)}</xenc:EncryptedData></saml:EncryptedAssertion>`
  );
}

export const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
