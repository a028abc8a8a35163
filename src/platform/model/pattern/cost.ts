/**
 * Whether a backtracking engine decides a pattern in bounded time. A pattern is *deterministic* when the next character
 * alone says where in the pattern it belongs, and by which way (Brüggemann-Klein's strong one-unambiguity): every wrong
 * turn ends at once, so the time is linear. Of the others, those with few repeats over short texts are cheap enough; the rest isn't.
 */
import { areDisjoint, type CharSet } from '#platform/model/pattern/char-set.ts';
import type { PatternNode } from '#platform/model/pattern/parse.ts';

/** Steps that a backtracking engine may take on one value: about a millisecond. */
const STEP_LIMIT = 100_000;
const LONGEST_TEXT = 1_000_000;

/** `maxLength` is the longest text that is ever tested. */
export function isCheapToBacktrack(node: PatternNode, maxLength = LONGEST_TEXT): boolean {
  if (hasCostlyLook(node, false)) return false;
  if (isDeterministic(node)) return true;
  return repeatsSetsOnly(node) && stepsAtMost(node, maxLength) <= STEP_LIMIT;
}

const childrenOf = (node: PatternNode): readonly PatternNode[] => {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.nodes;
  return node.kind === 'repeat' || node.kind === 'look' ? [node.node] : [];
};

const isVariable = (node: PatternNode): boolean => node.kind === 'repeat' && node.max > 1 && node.min !== node.max;

/** A look around takes its time at each turn of a repeat, and what repeats in it isn't judged with the rest. */
function hasCostlyLook(node: PatternNode, inRepeat: boolean): boolean {
  if (node.kind === 'look') return inRepeat || hasRepeat(node);
  const repeats = inRepeat || (node.kind === 'repeat' && node.max > 1);
  return childrenOf(node).some((child) => hasCostlyLook(child, repeats));
}

const hasRepeat = (node: PatternNode): boolean =>
  (node.kind === 'repeat' && node.max > 1) || childrenOf(node).some(hasRepeat);

/** A repeat of anything else may offer several ways at each turn: as many in all as there are subsets of its turns. */
function repeatsSetsOnly(node: PatternNode): boolean {
  if (node.kind === 'repeat' && node.max > 1) return node.node.kind === 'set';
  return childrenOf(node).every(repeatsSetsOnly);
}

/** Every repeat may try each of its counts, for every choice of those before it. */
function stepsAtMost(node: PatternNode, maxLength: number): number {
  const own = isVariable(node) && node.kind === 'repeat' ? Math.min(node.max - node.min, maxLength) : 1;
  const optional = node.kind === 'repeat' && node.max === 1 ? 2 : node.kind === 'choice' ? node.nodes.length : 1;
  return childrenOf(node).reduce((steps, child) => steps * stepsAtMost(child, maxLength), own * optional);
}

/** A character set at its place in the pattern, and the places that may come after it. */
interface Position {
  readonly set: CharSet;
  readonly follow: Set<Position>;
}

interface Ends {
  readonly first: readonly Position[];
  readonly last: readonly Position[];
  readonly isOptional: boolean;
}

const NOTHING: Ends = { first: [], last: [], isOptional: true };

function isDeterministic(node: PatternNode): boolean {
  const positions = new Positions();
  const { first } = positions.endsOf(node);
  return !positions.areAmbiguous && [first, ...positions.all.map(({ follow }) => [...follow])].every(areAllDisjoint);
}

function areAllDisjoint(positions: readonly Position[]): boolean {
  return positions.every((one, i) => positions.slice(i + 1).every((other) => areDisjoint(one.set, other.set)));
}

/** All positions of a pattern, in the order of the pattern. */
class Positions {
  readonly all: Position[] = [];
  /** Two ways lead from one position to another (`(a+)+`), or through nothing at all (`(a?|b?)`). */
  areAmbiguous = false;

  endsOf(node: PatternNode): Ends {
    if (node.kind === 'set') {
      const position: Position = { set: node.set, follow: new Set() };
      this.all.push(position);
      return { first: [position], last: [position], isOptional: false };
    }
    if (node.kind === 'sequence') {
      return node.nodes.map((inner) => this.endsOf(inner)).reduce((left, right) => this.#joined(left, right), NOTHING);
    }
    if (node.kind === 'choice') return this.#either(node.nodes.map((inner) => this.endsOf(inner)));
    return node.kind === 'repeat' ? this.#repeated(this.endsOf(node.node), node.min, node.max) : NOTHING;
  }

  #repeated(inner: Ends, min: number, max: number): Ends {
    if (inner.isOptional && min !== max) this.areAmbiguous = true;
    // A fixed count of one set is as good as a sequence of it.
    const isFixedSet = min === max && inner.first.length === 1 && inner.first[0] === inner.last[0];
    if (max > 1 && !isFixedSet) this.#connect(inner.last, inner.first);
    return { ...inner, isOptional: inner.isOptional || min === 0 };
  }

  #either(all: readonly Ends[]): Ends {
    const optional = all.filter(({ isOptional }) => isOptional);
    if (optional.length > 1) this.areAmbiguous = true;
    return {
      first: all.flatMap(({ first }) => first),
      last: all.flatMap(({ last }) => last),
      isOptional: optional.length > 0,
    };
  }

  #joined(left: Ends, right: Ends): Ends {
    this.#connect(left.last, right.first);
    return {
      first: left.isOptional ? [...left.first, ...right.first] : left.first,
      last: right.isOptional ? [...left.last, ...right.last] : right.last,
      isOptional: left.isOptional && right.isOptional,
    };
  }

  #connect(from: readonly Position[], to: readonly Position[]): void {
    for (const position of from) {
      for (const next of to) {
        if (position.follow.has(next)) this.areAmbiguous = true;
        position.follow.add(next);
      }
    }
  }
}
