/**
 * All actions of all services in a form small enough to commit (src/platform/model/actions.ts reads it). Some 22,000
 * names are mostly the same few verbs before a noun, so an entry is a noun behind the letters of its verbs:
 * "cdlQueue" says CreateQueue, DeleteQueue and ListQueue. Any other name stands behind "=".
 */
import { actionNames, prefixes, serviceNames } from './authorization.ts';

const VERB_LETTERS = 'abcdefghijklmnopqrstuvwxyz';

interface CompactActions {
  /** The verbs of the letters a to z, in that order. */
  readonly verbs: readonly string[];
  readonly services: Readonly<Record<string, string>>;
  /** Prefix -> `Amazon Simple Queue Service`. */
  readonly names: Readonly<Record<string, string>>;
}

export function compactActions(): CompactActions {
  const names = prefixes().map((prefix) => ({ prefix, names: actionNames(prefix) }));
  const counts = new Map<string, number>();
  for (const name of names.flatMap((service) => service.names)) {
    const { verb } = split(name);
    counts.set(verb, (counts.get(verb) ?? 0) + 1);
  }
  // By use, then by name, so that a tie can't make two runs differ.
  const byUse = [...counts].sort(([a, used], [b, usedToo]) => usedToo - used || (a < b ? -1 : 1));
  const verbs = byUse.slice(0, VERB_LETTERS.length).map(([verb]) => verb);
  const services = Object.fromEntries(names.map((service) => [service.prefix, pack(service.names, verbs)]));
  return { verbs, services, names: serviceNames() };
}

const split = (name: string): { verb: string; noun: string } => {
  const verb = /^[A-Z][a-z0-9]*/.exec(name)?.[0] ?? '';
  return { verb, noun: name.slice(verb.length) };
};

function pack(names: readonly string[], verbs: readonly string[]): string {
  const lettersOf = new Map<string, string>();
  const others: string[] = [];
  for (const name of names) {
    const { verb, noun } = split(name);
    const letter = VERB_LETTERS[verbs.indexOf(verb)];
    if (letter && /^[A-Z]/.test(noun)) lettersOf.set(noun, (lettersOf.get(noun) ?? '') + letter);
    else others.push(`=${name}`);
  }
  const nouns = [...lettersOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([noun, letters]) => letters + noun);
  return [...nouns, ...others].join(' ');
}
