/**
 * Who is let in by which policy, within the account and across, under which limits. A table's row is a caller and how the
 * resource's policy names it; its eight letters are decisions: identity policies silent, then allowing, each
 *
 *   without limits | boundary silent | session policy silent | both silent
 *
 * A: allowed. Otherwise the type of policy that did not allow: i identity, b boundary, s session, r resource.
 */
import {
  allow,
  allowTo,
  BOB,
  type CALLERS,
  FEDERATED,
  OTHER,
  type Outcome,
  OWN,
  type PAGES,
  ROLE,
  type Row,
  SESSION,
  silent,
} from '#platform/policy/decisions/row.fixture.ts';

export type Line = readonly [
  who: keyof typeof CALLERS,
  named: unknown,
  decisions: string,
  page: keyof typeof PAGES,
  rule: string,
];

export const UNNAMED = { AWS: `arn:aws:iam::${OWN}:user/alice` };

/** "For most resources, you only need an explicit Allow in either an identity-based or a resource-based policy." */
const WITHIN: readonly Line[] = [
  ['bob', undefined, 'iiii Absb', 'within', 'a user by its identity policies'],
  ['bob', UNNAMED, 'iiii Absb', 'within', 'a user whom the resource’s policy does not name'],
  ['bob', { AWS: BOB }, 'AAAA AAAA', 'logic', 'a user by its ARN: no implicit deny limits it'],
  ['bob', { AWS: 'AIDABOB0000000000' }, 'AAAA AAAA', 'principal', 'a user by its unique id'],
  ['bob', { AWS: OWN }, 'iiii Absb', 'principal', 'an account delegates to its identity policies'],
  ['bob', { AWS: `arn:aws:iam::${OWN}:root` }, 'iiii Absb', 'principal', 'an account by its root’s ARN is the same'],
  ['bob', '*', 'AAAA AAAA', 'principal', 'everyone'],
  ['bob', { AWS: '*' }, 'AAAA AAAA', 'principal', 'everyone, written otherwise'],
  ['bob', { Service: 'sns.amazonaws.com' }, 'iiii Absb', 'principal', 'a service is nobody else'],
  ['role', undefined, 'iiii Absb', 'within', 'a role by its identity policies'],
  ['role', { AWS: SESSION }, 'AAAA AAAA', 'logic', 'a session by its ARN: no implicit deny limits it'],
  ['role', { AWS: ROLE }, 'Absb Absb', 'logic', 'a role by its ARN: boundary and session policy limit it'],
  ['role', { AWS: 'AROAWORK000000000' }, 'Absb Absb', 'principal', 'a role by its unique id'],
  ['role', { AWS: OWN }, 'iiii Absb', 'principal', 'a role as one of its account'],
  [
    'role',
    { AWS: `arn:aws:sts::${OWN}:assumed-role/work/tuesday` },
    'iiii Absb',
    'principal',
    'another session of the role',
  ],
  ['role', '*', 'AAAA AAAA', 'principal', 'a session as everyone'],
  ['fred', undefined, 'iiii sbsb', 'federation', 'a federated user needs a session policy, too'],
  ['fred', { AWS: FEDERATED }, 'AAAA AAAA', 'federation', 'a federated user by its own ARN'],
  ['fred', { AWS: BOB }, 'sbsb sbsb', 'logic', 'a federated user by its user’s ARN: the limits hold'],
  ['fred', { AWS: OWN }, 'iiii sbsb', 'federation', 'a federated user as one of the account'],
];

/** "The request is allowed only if both evaluations return a decision of Allow." */
const ACROSS: readonly Line[] = [
  ['bob', undefined, 'rrrr rrrr', 'across', 'no identity policy opens another account’s resource'],
  ['bob', UNNAMED, 'rrrr rrrr', 'across', 'nor one whose policy names others'],
  ['bob', { AWS: BOB }, 'iiii Absb', 'across', 'a user by its ARN needs its own account’s word, too'],
  ['bob', { AWS: OWN }, 'iiii Absb', 'across', 'so does one of a trusted account'],
  ['bob', { AWS: OTHER }, 'rrrr rrrr', 'across', 'the resource’s own account is not the caller’s'],
  ['bob', '*', 'iiii Absb', 'across', 'and everyone'],
  ['role', undefined, 'rrrr rrrr', 'across', 'a role likewise'],
  ['role', { AWS: ROLE }, 'iiii Absb', 'across', 'a role by its ARN'],
  ['role', { AWS: SESSION }, 'iiii Absb', 'across', 'a session by its ARN: its account limits it'],
  ['role', { AWS: OWN }, 'iiii Absb', 'across', 'a role of a trusted account'],
  ['fred', { AWS: FEDERATED }, 'iiii sbsb', 'across', 'a federated user by its ARN'],
  ['fred', { AWS: OWN }, 'iiii sbsb', 'across', 'a federated user of a trusted account'],
];

/** "Unless the key policy explicitly allows it, you cannot use IAM policies to allow access to a KMS key." */
const BY_KEY_POLICY: readonly Line[] = [
  ['bob', UNNAMED, 'rrrr rrrr', 'kms', 'identity policies alone don’t open a key'],
  ['bob', { AWS: OWN }, 'iiii Absb', 'kms', 'the key’s policy lets identity policies decide'],
  ['bob', { AWS: BOB }, 'AAAA AAAA', 'kms', 'the key’s policy names the user'],
  ['role', { AWS: ROLE }, 'Absb Absb', 'kms', 'the key’s policy names the role'],
  ['role', UNNAMED, 'rrrr rrrr', 'kms', 'a role the same'],
];

const LETTERS: Readonly<Record<string, Outcome>> = {
  A: 'allowed',
  i: 'not allowed by identity',
  b: 'not allowed by boundary',
  s: 'not allowed by session',
  r: 'not allowed by resource',
};

const LIMITS: readonly Pick<Row, 'boundary' | 'session'>[] = [
  {},
  { boundary: silent },
  { session: silent },
  { boundary: silent, session: silent },
];

export function rowsOf([who, named, decisions, page, rule]: Line, more: Partial<Row>): Row[] {
  return decisions.split(' ').flatMap((letters, half) =>
    [...letters].map((letter, column): Row => {
      const identity = half === 0 ? silent : allow();
      const policy = named === undefined ? {} : { policy: allowTo(named) };
      return {
        rule,
        page,
        who,
        identity,
        ...LIMITS[column],
        ...policy,
        ...more,
        outcome: LETTERS[letter] ?? 'allowed',
      };
    }),
  );
}

export const accountRows: readonly Row[] = [
  ...WITHIN.flatMap((line) => rowsOf(line, {})),
  ...ACROSS.flatMap((line) => rowsOf(line, { account: OTHER })),
  ...BY_KEY_POLICY.flatMap((line) => rowsOf(line, { required: true })),
  { rule: 'the root user has full access', page: 'logic', who: 'root', outcome: 'allowed' },
  { rule: 'not to another account', page: 'across', who: 'root', account: OTHER, outcome: 'not allowed by resource' },
  {
    rule: 'but to one that trusts its account',
    ...{ page: 'across', who: 'root', account: OTHER, policy: allowTo({ AWS: OWN }), outcome: 'allowed' },
  },
  {
    rule: 'nor to a key whose policy does not name it',
    ...{ page: 'kms', who: 'root', required: true, policy: allowTo(UNNAMED), outcome: 'not allowed by resource' },
  },
  {
    rule: 'what AWS owns belongs to every account',
    ...{ page: 'within', who: 'bob', account: 'aws', identity: allow(), outcome: 'allowed' },
  },
];
