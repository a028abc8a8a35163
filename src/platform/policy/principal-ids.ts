/**
 * Resource policies and grants name users and roles by ARN, but mean who stood behind the ARN when they were saved (IAM User Guide,
 * "Principal": "When you save the policy, AWS transforms the ARN to the principal's unique ID"). So a user who is deleted and made
 * again under the old name has none of the old one's rights. The text stays as it came, with the ids beside it; what decides is the
 * text with ids in place of ARNs, and what is shown has the ARN of now, or the id of who is gone.
 *
 * Only users and roles are followed: an account is itself, and a session counts by its name.
 */
import type { CompiledPolicy } from '#platform/policy/parse.ts';

/** Who there is: IAM's. */
export interface PrincipalDirectory {
  /** The unique id of the user or role that has this ARN now. */
  idOf(arn: string): string | undefined;
  /** The ARN that this user or role of `account` has now; undefined of who is gone. */
  arnOf(id: string, account: string): string | undefined;
  /** An account of this cloud: in another's name anybody may be meant. */
  isAccount(id: string): boolean;
}

/** ARN as it was written -> unique id of whom it meant. */
export type SavedPrincipals = Readonly<Record<string, string>>;

const ENTITY = /^arn:aws:iam::(\d{12}):(?:user|role)\/./;

const accountOf = (arn: string): string | undefined => ENTITY.exec(arn)?.[1];

/** The id that stands for `arn`. Undefined of what is not followed; `onUnknown` for who is not there. */
export function savedId(
  directory: PrincipalDirectory,
  arn: string,
  onUnknown: (arn: string) => never,
): string | undefined {
  const account = accountOf(arn);
  if (account === undefined) return undefined;
  const id = directory.idOf(arn);
  // Who is not of this cloud can't be looked up, and nobody can be made in its name.
  if (id === undefined && directory.isAccount(account)) onUnknown(arn);
  return id;
}

export function savedPrincipals(
  directory: PrincipalDirectory,
  { document }: Pick<CompiledPolicy, 'document'>,
  onUnknown: (arn: string) => never,
): SavedPrincipals {
  const saved: Record<string, string> = {};
  for (const { principal } of document.statements) {
    const named = principal === undefined || principal.principals === '*' ? undefined : principal.principals.AWS;
    for (const arn of named ?? []) {
      const id = savedId(directory, arn, onUnknown);
      if (id !== undefined) saved[arn] = id;
    }
  }
  return saved;
}

/** The policy that decides. */
export const byId = (text: string, saved: SavedPrincipals): string => renamed(text, new Map(Object.entries(saved)));

/** The policy that is shown: to the letter as it came, as long as all are who they were. */
export function asOfNow(text: string, saved: SavedPrincipals, directory: PrincipalDirectory): string {
  const moved = new Map<string, string>();
  for (const [arn, id] of Object.entries(saved)) {
    const current = nameOfNow(arn, id, directory);
    if (current !== arn) moved.set(arn, current);
  }
  return renamed(text, moved);
}

export const nameOfNow = (arn: string, id: string | undefined, directory: PrincipalDirectory): string =>
  id === undefined ? arn : (directory.arnOf(id, accountOf(arn) ?? '') ?? id);

type Named = string | readonly string[];
type Element = string | { readonly AWS?: Named };
interface Statement {
  Principal?: Element;
  NotPrincipal?: Element;
}

/** Principals alone: a condition may compare with the same ARN, and means the name. */
function renamed(text: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return text;
  const rename = (name: string): string => names.get(name) ?? name;
  const renameAll = (element: Element): Element => {
    if (typeof element === 'string' || element.AWS === undefined) return element;
    return { ...element, AWS: typeof element.AWS === 'string' ? rename(element.AWS) : element.AWS.map(rename) };
  };
  // The text was checked when it was saved.
  const policy = JSON.parse(text) as { readonly Statement: Statement | Statement[] };
  for (const statement of [policy.Statement].flat()) {
    if (statement.Principal !== undefined) statement.Principal = renameAll(statement.Principal);
    if (statement.NotPrincipal !== undefined) statement.NotPrincipal = renameAll(statement.NotPrincipal);
  }
  return JSON.stringify(policy);
}
