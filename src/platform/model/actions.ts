/**
 * The names of all actions of all AWS services, for the grammar of policies: `sqs:SendMesage` is no action. In
 * models/actions.json a name is a noun behind the letters of its verbs ("cdQueue": CreateQueue, DeleteQueue), or the
 * whole name behind "="; a service is unpacked when it is first asked for.
 */
import { packagedModelFile, type ReadModelFile } from '#platform/model/load.ts';

interface CompactActions {
  readonly verbs: readonly string[];
  readonly services: Readonly<Record<string, string>>;
  readonly names: Readonly<Record<string, string>>;
}

export interface ActionCatalogue {
  /** The services' prefixes: `sqs`, `iam` … */
  readonly prefixes: readonly string[];
  /** `Amazon Simple Queue Service`; undefined if there is no such prefix. */
  nameOf(prefix: string): string | undefined;
  /** All actions of a prefix; undefined if there is no such prefix. Prefixes are compared without regard to case. */
  actions(prefix: string): readonly string[] | undefined;
  /** Whether there is such an action, without regard to case, as IAM compares them. */
  has(prefix: string, action: string): boolean;
}

export function actionCatalogue(read: ReadModelFile = packagedModelFile): ActionCatalogue {
  const { verbs, services, names } = JSON.parse(read('actions')) as CompactActions;
  const packed = new Map(Object.entries(services));
  const named = new Map(Object.entries(names));
  const unpacked = new Map<string, { names: readonly string[]; folded: ReadonlySet<string> }>();
  const service = (prefix: string): { names: readonly string[]; folded: ReadonlySet<string> } | undefined => {
    const key = prefix.toLowerCase();
    const known = unpacked.get(key);
    if (known) return known;
    const text = packed.get(key);
    if (text === undefined) return undefined;
    const names = unpackActions(text, verbs);
    const made = { names, folded: new Set(names.map((name) => name.toLowerCase())) };
    unpacked.set(key, made);
    return made;
  };
  return {
    prefixes: [...packed.keys()],
    nameOf: (prefix) => named.get(prefix.toLowerCase()),
    actions: (prefix) => service(prefix)?.names,
    has: (prefix, action) => service(prefix)?.folded.has(action.toLowerCase()) ?? false,
  };
}

function unpackActions(text: string, verbs: readonly string[]): string[] {
  const names: string[] = [];
  for (const entry of text.split(' ')) {
    if (entry.startsWith('=')) {
      names.push(entry.slice(1));
      continue;
    }
    const nounAt = entry.search(/[^a-z]/);
    for (const letter of entry.slice(0, nounAt)) {
      names.push((verbs[letter.charCodeAt(0) - 97] ?? '') + entry.slice(nounAt));
    }
  }
  return names.sort();
}
