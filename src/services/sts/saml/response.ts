/**
 * From a SAML response to its assertion as the provider signed it. A signature speaks of one element only, and the attacks on SAML
 * (wrapping) show one element to who verifies and another to who reads. So what is read here is never the document that came: it is
 * the canonical text that xml-crypto says was signed, parsed again. Algorithms are a short list, certificates are those of the
 * provider's metadata, and what a signature brings along of its own (KeyInfo) is not looked at.
 */
import type { SignedXml } from 'xml-crypto';
import { fail, ServiceError } from '#platform/error.ts';
import { xmlCrypto } from '#platform/packages.ts';
import { attributeOf, childrenNamed, elementsIn, isNamed, parseXml, XmlRefused } from '#platform/xml.ts';
import type { SamlProviderView } from '#services/iam/api.ts';
import { decryptedAssertion, undecipherable } from '#services/sts/saml/decryption.ts';
import { ASSERTION, PROTOCOL, SIGNATURE, SUCCESS } from '#services/sts/saml/names.ts';

/** The model's longest assertion, decoded. */
const MOST_CHARACTERS = 100_000;
const MOST_TAGS = 6000;
/** A signature of SAML has a dozen elements, and as many certificates as it likes to bring along. */
const MOST_IN_SIGNATURE = 100;

const SIGNATURE_ALGORITHMS = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
];
const DIGESTS = ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512'];
/** None that keeps comments: they could part a name in two for a reader that stops at them. */
const TRANSFORMS = [
  'http://www.w3.org/2001/10/xml-exc-c14n#',
  'http://www.w3.org/TR/2001/REC-xml-c14n-20010315',
  'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
];

const invalid = (message: string): never => fail('InvalidIdentityToken', message);
const badSignature = (): never => invalid('Response signature invalid');
const noResponse = (): never => invalid('Invalid SAML response');

/** The assertion, as it was signed. Throws InvalidIdentityToken or IDPRejectedClaim. */
export async function signedAssertion(base64: string, provider: SamlProviderView): Promise<Element> {
  try {
    return await read(textOfBase64(base64), provider);
  } catch (error) {
    throw error instanceof XmlRefused ? noResponse() : error;
  }
}

function textOfBase64(base64: string): string {
  const compact = base64.replace(/\s+/g, '');
  const bytes = Buffer.from(compact, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== compact.replace(/=+$/, '')) {
    return invalid('Invalid base64 SAMLResponse');
  }
  try {
    // Bytes that are no UTF-8 would read in two ways.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return noResponse();
  }
}

async function read(text: string, provider: SamlProviderView): Promise<Element> {
  const response = await parseXml(text, MOST_CHARACTERS, MOST_TAGS);
  if (!isNamed(response, PROTOCOL, 'Response')) noResponse();
  checkStatus(response);
  const isSigned = childrenNamed(response, SIGNATURE, 'Signature').length > 0;
  const whole = isSigned ? await asSigned(text, response, provider) : response;
  const plain = childrenNamed(whole, ASSERTION, 'Assertion');
  const encrypted = childrenNamed(whole, ASSERTION, 'EncryptedAssertion');
  const [only] = [...plain, ...encrypted];
  if (only === undefined || plain.length + encrypted.length > 1) return noResponse();
  if (encrypted.length === 0) {
    if (provider.encryption === 'Required') invalid('The assertion must be encrypted');
    return isSigned ? only : asSigned(text, only, provider);
  }
  return await deciphered(decryptedAssertion(only, provider.privateKeys()), isSigned, provider);
}

/**
 * A ciphertext that no signature covers is anybody's to alter, and AES in CBC lets who watches what becomes of it read it bit by
 * bit. So all that is wrong with what came out is told in the words of one that does not open.
 */
async function deciphered(text: string, isSigned: boolean, provider: SamlProviderView): Promise<Element> {
  try {
    const assertion = await parseXml(text, MOST_CHARACTERS, MOST_TAGS);
    if (!isNamed(assertion, ASSERTION, 'Assertion')) noResponse();
    return isSigned ? assertion : await asSigned(text, assertion, provider);
  } catch (error) {
    if (error instanceof XmlRefused || error instanceof ServiceError) return undecipherable();
    throw error;
  }
}

function checkStatus(response: Element): void {
  const codes = childrenNamed(response, PROTOCOL, 'Status').flatMap((status) =>
    childrenNamed(status, PROTOCOL, 'StatusCode'),
  );
  const value = attributeOf(codes[0], 'Value');
  if (value !== SUCCESS) fail('IDPRejectedClaim', `The identity provider did not authenticate the user: ${value}`);
}

/** The element that `text` has at this place, as its own signature vouches for it. */
async function asSigned(text: string, element: Element, { certificates }: SamlProviderView): Promise<Element> {
  const id = attributeOf(element, 'ID');
  const [signature, another] = childrenNamed(element, SIGNATURE, 'Signature');
  if (id === undefined || signature === undefined || another !== undefined) return badSignature();
  if (signature.getElementsByTagName('*').length > MOST_IN_SIGNATURE) return badSignature();
  const { SignedXml } = await xmlCrypto();
  const newVerifier = (options = {}): SignedXml =>
    limited(new SignedXml({ ...options, getCertFromKeyInfo: () => null }));
  const publicCert = signerOf(newVerifier(), signature, certificates);
  const signed = publicCert && canonicalIfSigned(newVerifier({ publicCert }), text, signature, id);
  if (signed === undefined) return badSignature();
  const root = await parseXml(signed, MOST_CHARACTERS, MOST_TAGS);
  const isIt = root.namespaceURI === element.namespaceURI && root.localName === element.localName;
  return isIt && attributeOf(root, 'ID') === id && elementsIn(root).length > 0 ? root : badSignature();
}

function limited(verifier: SignedXml): SignedXml {
  verifier.idAttributes = ['ID'];
  verifier.SignatureAlgorithms = only(verifier.SignatureAlgorithms, SIGNATURE_ALGORITHMS);
  verifier.HashAlgorithms = only(verifier.HashAlgorithms, DIGESTS);
  verifier.CanonicalizationAlgorithms = only(verifier.CanonicalizationAlgorithms, TRANSFORMS);
  return verifier;
}

/**
 * The certificate whose key made this signature. `checkSignature` asks that last, after it has read the document several times, which
 * costs a stranger's request up to half a second of ours for each certificate; asked first, a stranger gets no further. By the
 * library's own means, some of them private: its version is pinned, and `checkSignature` decides in the end.
 */
function signerOf(verifier: SignedXml, signature: Element, certificates: readonly string[]): string | undefined {
  try {
    verifier.loadSignature(signature);
    const Algorithm = verifier.SignatureAlgorithms[verifier.signatureAlgorithm ?? ''];
    if (Algorithm === undefined) return undefined;
    const info = verifier['getCanonSignedInfoXml'](signature.ownerDocument);
    const algorithm = new Algorithm();
    return certificates.find((each) => algorithm.verifySignature(info, each, verifier['signatureValue']));
  } catch {
    return undefined;
  }
}

/** Undefined unless the signature is good, and speaks of the element of this id alone. */
function canonicalIfSigned(verifier: SignedXml, text: string, signature: Element, id: string): string | undefined {
  try {
    verifier.loadSignature(signature);
    if (!verifier.checkSignature(text)) return undefined;
  } catch {
    // It throws for what it does not know or finds suspicious: two elements of one id, two equal signatures.
    return undefined;
  }
  const [reference, ...more] = verifier.getReferences();
  const [signed, ...others] = verifier.getSignedReferences();
  const isOne = more.length === 0 && others.length === 0 && reference?.uri === `#${id}`;
  return isOne ? signed : undefined;
}

const only = <T>(table: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(table).filter(([name]) => names.includes(name)));
