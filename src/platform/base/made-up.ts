/**
 * What work that may begin anew (store/again.ts) makes up: ids, addresses at random. It makes up the same each time, so that it asks for
 * the same rows, and not for others under each new id. Nonces are not of these.
 */
interface MadeUp {
  readonly kind: string;
  readonly value: string;
}

/** Of one piece of work. */
export interface Tape {
  readonly values: MadeUp[];
  /** What comes next. */
  at: number;
}

let tape: Tape | undefined;

/** For what runs from here on. Answers that of before, to be put back. */
export function exchangeTape(next: Tape | undefined): Tape | undefined {
  const before = tape;
  tape = next;
  return before;
}

export function madeUp(kind: string, make: () => string): string {
  const own = tape;
  if (own === undefined) return make();
  const known = own.values[own.at];
  if (known?.kind === kind) {
    own.at++;
    return known.value;
  }
  // It has taken another way.
  own.values.length = own.at;
  tape = undefined;
  try {
    const value = make();
    own.at = own.values.push({ kind, value });
    return value;
  } finally {
    tape = own;
  }
}
