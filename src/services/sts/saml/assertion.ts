/**
 * What a signed assertion says (IAM User Guide, "Configure SAML assertions for the authentication response"), judged: whether it is
 * meant for AWS, now, for this role, and whom it vouches for.
 */
import { createHash } from 'node:crypto';
import { type Milliseconds, minutes, seconds } from '#platform/base/clock.ts';
import { fail } from '#platform/error.ts';
import type { ConditionKeys, ExternalPrincipal, ProvenClaims } from '#platform/principal.ts';
import { attributeOf, childrenNamed, dateTimeOf, textOf } from '#platform/xml.ts';
import type { SamlProviderView } from '#services/iam/api.ts';
import * as names from '#services/sts/saml/names.ts';
import { checkedSourceIdentity } from '#services/sts/session-input.ts';

/** Clocks of others run ahead a little. */
const LEEWAY: Milliseconds = minutes(5);
const REDEEM_WITHIN: Milliseconds = minutes(5);
const MOST_VALUES = 100;
const LONGEST_NAME = 1024;

const invalid = (message: string): never => fail('InvalidIdentityToken', message);
export const notAuthorized = (): never => fail('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithSAML');
const expired = (): never => fail('ExpiredTokenException', 'Token must be redeemed within 5 minutes of issuance');

type Attributes = ReadonlyMap<string, readonly string[]>;

export function principalOfAssertion(
  assertion: Element,
  provider: SamlProviderView,
  roleArn: string,
  now: Milliseconds,
): ExternalPrincipal {
  const [issuer] = childrenNamed(assertion, names.ASSERTION, 'Issuer');
  if (textOf(issuer) !== provider.issuer) invalid('Issuer not present in specified provider');
  if (provider.validUntil <= now) invalid('The metadata of the specified provider has expired');
  checkTimes(assertion, now);
  checkAudience(assertion, provider);
  const subject = subjectOf(assertion, provider, now);
  const attributes = attributesOf(assertion);
  checkRole(attributes, roleArn, provider.arn);
  const nameQualifier = qualifierOf(provider);
  return {
    kind: 'external',
    type: 'SAMLUser',
    provider: provider.arn,
    identityProvider: nameQualifier,
    userId: `${nameQualifier}:${subject.name}`,
    userName: subject.name,
    claims: claimsOf(assertion, attributes, now, {
      'saml:iss': provider.issuer,
      'saml:aud': subject.recipient,
      'saml:sub': subject.name,
      'saml:sub_type': subject.type,
      'saml:doc': `${provider.account}/${provider.name}`,
      'saml:namequalifier': nameQualifier,
    }),
  };
}

/** BASE64 ( SHA1 ( "https://example.com/saml" + "123456789012" + "/MySAMLIdP" ) ) */
const qualifierOf = ({ issuer, account, name }: SamlProviderView): string =>
  createHash('sha1').update(`${issuer}${account}/${name}`).digest('base64');

const isBefore = (text: string | undefined, now: Milliseconds): boolean => {
  if (text === undefined) return false;
  const at = dateTimeOf(text) ?? invalid('A time of the SAML response is not valid');
  return now < at;
};

function checkTimes(assertion: Element, now: Milliseconds): void {
  const issued = dateTimeOf(attributeOf(assertion, 'IssueInstant')) ?? invalid('IssueInstant is missing');
  if (now >= issued + REDEEM_WITHIN) expired();
  if (issued > now + LEEWAY) invalid('The SAML response is not valid yet');
  for (const conditions of childrenNamed(assertion, names.ASSERTION, 'Conditions')) {
    const end = attributeOf(conditions, 'NotOnOrAfter');
    if (end !== undefined && !isBefore(end, now)) expired();
    if (isBefore(attributeOf(conditions, 'NotBefore'), now + LEEWAY)) invalid('The SAML response is not valid yet');
  }
}

/** `https://signin.aws.amazon.com/saml`, of a region, or with the provider's id, as encrypted assertions need it. */
function isSignIn(url: string, { uuid }: SamlProviderView): boolean {
  const path = /^https:\/\/(?:[a-z0-9-]+\.)?signin\.aws\.amazon\.com(?:\/static)?\/saml(?:\/acs\/([A-Z0-9]+))?$/.exec(
    url,
  );
  return path !== null && (path[1] === undefined || path[1] === uuid);
}

/** Each restriction must name us. */
function checkAudience(assertion: Element, provider: SamlProviderView): void {
  const restrictions = childrenNamed(assertion, names.ASSERTION, 'Conditions').flatMap((conditions) =>
    childrenNamed(conditions, names.ASSERTION, 'AudienceRestriction'),
  );
  const namesUs = (restriction: Element): boolean =>
    childrenNamed(restriction, names.ASSERTION, 'Audience')
      .map(textOf)
      .some((audience) => audience === 'urn:amazon:webservices' || isSignIn(audience, provider));
  if (restrictions.length === 0 || !restrictions.every(namesUs)) invalid('Audience in the SAML response is not valid');
}

/** STS spells it so. */
const INCOMPLETE = 'Responses must contain SubjectConfirmatonData with a Recipient and NotOnOrAfter';

interface Subject {
  readonly name: string;
  readonly type: string;
  readonly recipient: string;
}

/** "There must be exactly one SubjectConfirmation element with a SubjectConfirmationData element". */
function subjectOf(assertion: Element, provider: SamlProviderView, now: Milliseconds): Subject {
  const [subject] = childrenNamed(assertion, names.ASSERTION, 'Subject');
  const [nameId] = subject === undefined ? [] : childrenNamed(subject, names.ASSERTION, 'NameID');
  const name = textOf(nameId);
  if (subject === undefined || name === '') return notAuthorized();
  if (name.length > LONGEST_NAME) return invalid('NameID in the SAML response is too long');
  const [confirmation, another] = childrenNamed(subject, names.ASSERTION, 'SubjectConfirmation');
  if (confirmation === undefined || another !== undefined || attributeOf(confirmation, 'Method') !== names.BEARER) {
    return invalid('The response must include exactly one bearer SubjectConfirmation');
  }
  const [data] = childrenNamed(confirmation, names.ASSERTION, 'SubjectConfirmationData');
  const recipient = attributeOf(data, 'Recipient');
  const end = attributeOf(data, 'NotOnOrAfter');
  if (recipient === undefined || end === undefined) return invalid(INCOMPLETE);
  if (!isSignIn(recipient, provider)) invalid('Recipient in the SAML response is not valid');
  if (!isBefore(end, now)) expired();
  const format = attributeOf(nameId, 'Format') ?? '';
  const type = format.startsWith(names.NAME_ID_FORMAT) ? format.slice(names.NAME_ID_FORMAT.length) : format;
  return { name, type, recipient };
}

function attributesOf(assertion: Element): Attributes {
  const attributes = new Map<string, readonly string[]>();
  for (const statement of childrenNamed(assertion, names.ASSERTION, 'AttributeStatement')) {
    for (const attribute of childrenNamed(statement, names.ASSERTION, 'Attribute')) {
      const name = attributeOf(attribute, 'Name') ?? '';
      const values = childrenNamed(attribute, names.ASSERTION, 'AttributeValue').slice(0, MOST_VALUES).map(textOf);
      attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
    }
  }
  return attributes;
}

/** A pair of ARNs, in either order. */
function checkRole(attributes: Attributes, roleArn: string, providerArn: string): void {
  const pairs = (attributes.get(names.ROLE) ?? []).map((value) => value.split(',').map((part) => part.trim()));
  const isOurs = (pair: readonly string[]): boolean =>
    pair.length === 2 && pair.includes(roleArn) && pair.includes(providerArn);
  if (!pairs.some(isOurs)) invalid("SAML Assertion doesn't contain the requested Role and Metadata in the attributes");
}

function claimsOf(
  assertion: Element,
  attributes: Attributes,
  now: Milliseconds,
  keys: Readonly<Record<string, string>>,
): ProvenClaims {
  const [sessionName] = attributes.get(names.ROLE_SESSION_NAME) ?? [];
  if (sessionName === undefined) return invalid('RoleSessionName is required in AuthnResponse');
  if (!/^[a-zA-Z_0-9+=,.@-]{2,64}$/.test(sessionName)) {
    invalid('RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}');
  }
  const [sourceIdentity] = attributes.get(names.SOURCE_IDENTITY) ?? [];
  const sessionEnd = endOfSession(assertion, attributes, now);
  const assertionId = attributeOf(assertion, 'ID');
  return {
    keys: { ...attributeKeys(attributes), ...keys },
    tags: tagsIn(attributes),
    transitiveTagKeys: attributes.get(names.TRANSITIVE_TAG_KEYS) ?? [],
    sessionName,
    ...(sourceIdentity !== undefined && { sourceIdentity: checkedSourceIdentity(sourceIdentity) }),
    ...(sessionEnd !== undefined && { sessionEnd }),
    ...(assertionId !== undefined && { assertionId }),
  };
}

function attributeKeys(attributes: Attributes): ConditionKeys {
  const keys: Record<string, string | readonly string[]> = {};
  for (const [name, values] of attributes) {
    for (const { key, single } of Object.hasOwn(names.ATTRIBUTE_KEYS, name) ? (names.ATTRIBUTE_KEYS[name] ?? []) : []) {
      // "You should include only one claim per AWS context key. If you include more than one, only one claim will be mapped."
      keys[`saml:${key}`] ??= single ? (values[0] ?? '') : values;
    }
  }
  return keys;
}

function tagsIn(attributes: Attributes): Record<string, string> {
  const tags = new Map<string, string>();
  for (const [name, values] of attributes) {
    if (!name.startsWith(names.PRINCIPAL_TAG)) continue;
    const [value, another] = values;
    const key = name.slice(names.PRINCIPAL_TAG.length);
    const isTag =
      /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value ?? '');
    if (value === undefined || another !== undefined || !isTag)
      return invalid('A PrincipalTag of the response is not valid');
    tags.set(key, value);
  }
  return Object.fromEntries(tags);
}

/** The earlier of the two ends that an assertion may set: they can shorten a session, not extend it. */
function endOfSession(assertion: Element, attributes: Attributes, now: Milliseconds): Milliseconds | undefined {
  const ends = childrenNamed(assertion, names.ASSERTION, 'AuthnStatement').flatMap((statement) => {
    const text = attributeOf(statement, 'SessionNotOnOrAfter');
    return text === undefined ? [] : [dateTimeOf(text) ?? invalid('SessionNotOnOrAfter is not valid')];
  });
  const [duration] = attributes.get(names.SESSION_DURATION) ?? [];
  if (duration !== undefined) {
    const isGood = /^\d{1,5}$/.test(duration) && Number(duration) >= 900 && Number(duration) <= 43_200;
    ends.push(isGood ? now + seconds(Number(duration)) : invalid('SessionDuration must be from 900 to 43200 seconds'));
  }
  if (ends.some((end) => end <= now)) expired();
  return ends.length > 0 ? Math.min(...ends) : undefined;
}
