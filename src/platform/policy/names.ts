/** The forms that actions, resources and principals may have in a policy document, with IAM's words for each fault. */
import { ServiceError } from '#platform/error.ts';

/** A service's own words for faults that are told by how the grammar's begin. */
export type FaultWords = readonly (readonly [ofGrammar: string, own: string])[];

export const reworded = (message: string, words: FaultWords): string =>
  words.find(([ofGrammar]) => message.startsWith(ofGrammar))?.[1] ?? message;

export const malformed = (message: string): ServiceError => new ServiceError('MalformedPolicyDocument', message);

export function checkAction(action: string): string {
  if (action === '*') return action;
  const parts = action.split(':');
  if (parts.length < 2) {
    throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
  }
  if (parts.length > 2) throw malformed('Actions/Condition can contain only one colon.');
  const [vendor = '', name = ''] = parts;
  if (!/^[\w*?.-]+$/.test(vendor)) throw malformed(`Vendor ${vendor} is not valid`);
  if (!/^[\w*?.-]+$/.test(name)) throw malformed('The policy failed legacy parsing');
  return action;
}

const IAM_PATHS = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
  'delegation-request/',
  'role-template/',
];

export function checkResource(resource: string): string {
  if (resource === '*') return resource;
  if (!resource.startsWith('arn:')) throw malformed(`Resource ${resource} must be in ARN format or "*".`);
  const [, partition = '', service = '', region = '', account, ...rest] = resource.split(':');
  const path = rest.join(':');
  // All accounts of this cloud are in one partition, and a policy may speak of its own account's only.
  if (partition !== 'aws' && (!/[*?]/.test(partition) || partition.includes('${'))) {
    throw malformed(`Partition "${partition}" is not valid for resource "${resource}".`);
  }
  // Fewer parts are an ARN only when a wildcard at the end stands for the rest.
  if (account === undefined || rest.length === 0) {
    if (!resource.endsWith('*')) throw malformed('The policy failed legacy parsing');
  }
  // Variables are for the resource part alone (IAM User Guide, "Where you can use policy variables"), yet policies of AWS's own
  // have one for the account (AmazonTimestreamInfluxDBServiceRolePolicy).
  if (`${service}${region}`.includes('${')) throw malformed('The policy failed legacy parsing');
  // "You can't use a wildcard in the service segment" (Resource).
  if (/[*?]/.test(service) && account !== undefined) {
    throw malformed('Resource vendor must be fully qualified and cannot contain regexes.');
  }
  const isPlace = region !== '' && !region.includes('*');
  if (service === 'iam' && rest.length > 0) {
    if (isPlace) throw malformed(`IAM resource ${resource} cannot contain region information.`);
    if (!/^(?:root$|.*[*?$])/.test(path) && !IAM_PATHS.some((known) => path.startsWith(known))) {
      throw malformed(`IAM resource path must either be "*" or start with ${IAM_PATHS.join(', ')}.`);
    }
  }
  if (service === 's3' && isPlace && account === '') {
    throw malformed(`Resource ${resource} can not contain region information.`);
  }
  return resource;
}

const PRINCIPAL_FORMS = {
  // An account id, an ARN of an account, user, role or session, or the unique id that stands for a deleted one.
  AWS: /^(?:\*|\d{12}|A[A-Z0-9]{15,127}|arn:aws[a-z-]*:(?:iam::(?:\d{12}:(?:root|user\/[!-~]+|role\/[!-~]+)|cloudfront:user\/[ -~]+)|sts::\d{12}:(?:assumed-role\/[\w+=,.@/-]+|federated-user\/[\w+=,.@-]+|self)))$/,
  Service: /^(?:\*|[a-z0-9.-]+\.[a-z]+)$/,
  Federated: /^(?:\*|[\w.:/=@+,-]+)$/,
  CanonicalUser: /^[0-9a-f]{1,128}$/i,
};

export type PrincipalType = keyof typeof PRINCIPAL_FORMS;

export function checkPrincipal(type: PrincipalType, name: string, isTrust: boolean): string {
  // "You cannot use a wildcard to match part of a principal name or ARN" (Principal element).
  const isWhole = name === '*' || !/[*?]/.test(name);
  if (!isWhole || !PRINCIPAL_FORMS[type].test(name)) throw invalidPrincipal(type, name, isTrust);
  if (isTrust && type === 'Federated' && !TRUSTED_PROVIDER.test(name)) {
    throw malformed('Federated principals must be valid domain names or SAML metadata ARNs');
  }
  return name;
}

/** What vouches for callers without AWS credentials: a provider of the account, or one of those that IAM knows by their domain. */
const TRUSTED_PROVIDER = /^(?:arn:aws:iam::\d{12}:(?:saml|oidc)-provider\/[!-~]+|(?:[a-z0-9-]+\.)+[a-z]+|\*)$/;

/** IAM shows the type in capitals: `Invalid principal in policy: "SERVICE":"tagging.amazonaws.com"`. */
const invalidPrincipal = (type: string, name: string, isTrust: boolean): ServiceError =>
  malformed(`Invalid principal in policy: "${isTrust ? type.toUpperCase() : type}":"${name}"`);

const TRUST_ACTIONS = [
  'assumerole',
  'assumerolewithsaml',
  'assumerolewithwebidentity',
  'assumeroot',
  'setcontext',
  'setsourceidentity',
  'tagsession',
];

/** A trust policy lets somebody take on the role, and say with which tags, identity and context. */
export function checkTrustAction(action: string): string {
  const [, name = ''] = /^sts:(.*)$/i.exec(action) ?? [];
  if (action !== '*' && !/[*?]/.test(name) && !TRUST_ACTIONS.includes(name.toLowerCase())) {
    throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
  }
  return action;
}
