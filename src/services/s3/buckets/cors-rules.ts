/**
 * Cross-origin rules, decided without store or network: which rule fits a request, and what an answer then says (S3 User Guide,
 * "How does Amazon S3 evaluate the CORS configuration on a bucket?"). The first rule that fits counts.
 */
import type { CORSConfiguration, CORSRule } from '#platform/model/generated/s3.ts';
import type { CrossOriginRequest } from '#platform/web.ts';
import { fail } from '#services/s3/errors.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'PUT', 'HEAD', 'POST', 'DELETE']);
const MOST_RULES = 100;
const LONGEST_ID = 255;

/** The limits are those of the User Guide ("Elements of a CORS configuration"), the words of refusals from memory. */
export function checkRules({ CORSRules: rules }: CORSConfiguration): void {
  const refuse = (message: string): never => fail('InvalidRequest', { message });
  if (rules.length === 0) fail('MalformedXML');
  if (rules.length > MOST_RULES) {
    refuse(`The number of CORS rules should not exceed allowed limit of ${MOST_RULES} rules.`);
  }
  for (const { ID = '', AllowedMethods, AllowedOrigins, AllowedHeaders = [], ExposeHeaders = [] } of rules) {
    if (ID.length > LONGEST_ID || AllowedMethods.length === 0 || AllowedOrigins.length === 0) fail('MalformedXML');
    const method = AllowedMethods.find((each) => !METHODS.has(each));
    if (method !== undefined) {
      refuse(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
    }
    for (const [kind, patterns] of [
      ['AllowedOrigin', AllowedOrigins],
      ['AllowedHeader', AllowedHeaders],
    ] as const) {
      const wild = patterns.find((pattern) => pattern.split('*').length > 2);
      if (wild !== undefined) refuse(`${kind} "${wild}" can not have more than one wildcard.`);
    }
    const exposed = ExposeHeaders.find((header) => header.includes('*'));
    if (exposed !== undefined) {
      refuse(`ExposeHeader "${exposed}" contains wildcard. We currently do not support wildcard for ExposeHeader.`);
    }
  }
}

/** At most one `*` stands for anything. */
function fits(pattern: string, text: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return pattern === text;
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

interface Fit {
  readonly rule: CORSRule;
  readonly origin: string;
}

function fitting(rules: readonly CORSRule[], { origin, method, headers }: CrossOriginRequest): Fit | undefined {
  for (const rule of rules) {
    const pattern = rule.AllowedOrigins.find((each) => fits(each, origin));
    if (pattern === undefined || !rule.AllowedMethods.includes(method)) continue;
    const allowed = (rule.AllowedHeaders ?? []).map((each) => each.toLowerCase());
    if (!headers.every((header) => allowed.some((each) => fits(each, header)))) continue;
    return { rule, origin: pattern === '*' ? '*' : origin };
  }
  return undefined;
}

/** What the answer says to the browser; undefined if no rule fits. */
export function corsHeaders(
  rules: readonly CORSRule[],
  request: CrossOriginRequest,
): Record<string, string> | undefined {
  const found = fitting(rules, request);
  if (found === undefined) return undefined;
  const { rule, origin } = found;
  const { headers, isPreflight } = request;
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': rule.AllowedMethods.join(', '),
    ...(isPreflight && headers.length > 0 && { 'access-control-allow-headers': headers.join(', ') }),
    ...(rule.ExposeHeaders?.length && { 'access-control-expose-headers': rule.ExposeHeaders.join(', ') }),
    ...(rule.MaxAgeSeconds !== undefined && { 'access-control-max-age': String(rule.MaxAgeSeconds) }),
    // Browsers take no credentials with `*`.
    ...(origin !== '*' && { 'access-control-allow-credentials': 'true' }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}
