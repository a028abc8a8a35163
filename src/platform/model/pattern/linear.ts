/**
 * A matcher whose time is bounded whatever the pattern: it tries the ways through the pattern like any backtracking
 * engine, but never comes twice to the same place of the program at the same place of the text. At most program x text
 * steps, a bit of memory for each.
 */
import { unreachable } from '#platform/base/assert.ts';
import { characterTest } from '#platform/model/pattern/char-set.ts';
import type { PatternNode } from '#platform/model/pattern/parse.ts';

type Instruction =
  | { readonly op: 'character'; readonly test: (codePoint: number) => boolean }
  | { readonly op: 'either'; first: number; second: number }
  | { readonly op: 'go'; to: number }
  | Assertion
  | { readonly op: 'done' };
/** What takes no character. */
type Assertion =
  | { readonly op: 'start' }
  | { readonly op: 'end' }
  | { readonly op: 'boundary' }
  | { readonly op: 'look'; readonly program: Program; readonly ahead: boolean; readonly negative: boolean };
type Program = readonly Instruction[];

/** A program longer than this would cost too much on every text. */
const PROGRAM_LIMIT = 20_000;

/** Undefined if the pattern unfolds beyond reason. */
export function compileLinear(node: PatternNode): ((text: string) => boolean) | undefined {
  if (sizeOf(node) > PROGRAM_LIMIT) return undefined;
  const program = programOf(node);
  return (text) => {
    const codePoints = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    return run(program, codePoints, 0, codePoints.length);
  };
}

/** How many instructions a node unfolds to. */
function sizeOf(node: PatternNode): number {
  if (node.kind === 'repeat') {
    const turns = Number.isFinite(node.max) ? node.max : node.min + 1;
    return turns * (sizeOf(node.node) + 2);
  }
  if (node.kind === 'look') return sizeOf(node.node) + 1;
  if (node.kind !== 'sequence' && node.kind !== 'choice') return 1;
  return node.nodes.reduce((size, inner) => size + sizeOf(inner) + 2, 0);
}

function programOf(node: PatternNode): Program {
  const program: Instruction[] = [];
  emit(node, program);
  program.push({ op: 'done' });
  return program;
}

function emit(node: PatternNode, program: Instruction[]): void {
  switch (node.kind) {
    case 'set':
      program.push({ op: 'character', test: characterTest(node.set) });
      return;
    case 'sequence':
      for (const inner of node.nodes) emit(inner, program);
      return;
    case 'choice':
      emitChoice(node.nodes, program);
      return;
    case 'repeat':
      emitRepeat(node, program);
      return;
    case 'look':
      program.push({ op: 'look', program: programOf(node.node), ahead: node.ahead, negative: node.negative });
      return;
    case 'start':
    case 'end':
    case 'boundary':
      program.push({ op: node.kind });
      return;
    default:
      unreachable(node);
  }
}

function emitChoice(nodes: readonly PatternNode[], program: Instruction[]): void {
  const ends: { op: 'go'; to: number }[] = [];
  nodes.forEach((inner, i) => {
    if (i === nodes.length - 1) {
      emit(inner, program);
      return;
    }
    const either = { op: 'either' as const, first: program.length + 1, second: 0 };
    program.push(either);
    emit(inner, program);
    const end = { op: 'go' as const, to: 0 };
    program.push(end);
    ends.push(end);
    either.second = program.length;
  });
  for (const end of ends) end.to = program.length;
}

function emitRepeat(node: PatternNode & { readonly kind: 'repeat' }, program: Instruction[]): void {
  for (let i = 0; i < node.min; i++) emit(node.node, program);
  const optionals: { op: 'either'; first: number; second: number }[] = [];
  const turns = Number.isFinite(node.max) ? node.max - node.min : 1;
  for (let i = 0; i < turns; i++) {
    const either = { op: 'either' as const, first: program.length + 1, second: 0 };
    const start = program.length;
    program.push(either);
    emit(node.node, program);
    if (!Number.isFinite(node.max)) program.push({ op: 'go', to: start });
    optionals.push(either);
  }
  for (const either of optionals) either.second = program.length;
}

const isWord = (codePoint: number | undefined): boolean =>
  codePoint !== undefined && codePoint < 128 && /\w/.test(String.fromCharCode(codePoint));

/** Whether the program leads from `from` to the end of the text; `anywhere` takes any end. */
function run(program: Program, text: readonly number[], from: number, endAt: number | 'anywhere'): boolean {
  const width = text.length + 1;
  const visited = new Uint8Array(Math.ceil((program.length * width) / 8));
  const pending = [0, from];
  while (pending.length > 0) {
    const at = pending.pop() ?? 0;
    const pc = pending.pop() ?? 0;
    const bit = pc * width + at;
    const mask = 1 << (bit & 7);
    if (((visited[bit >>> 3] ?? 0) & mask) !== 0) continue;
    visited[bit >>> 3] = (visited[bit >>> 3] ?? 0) | mask;
    const instruction = program[pc];
    if (!instruction) continue;
    if (instruction.op === 'done') {
      if (endAt === 'anywhere' || at === endAt) return true;
    } else if (instruction.op === 'either') pending.push(instruction.second, at, instruction.first, at);
    else if (instruction.op === 'go') pending.push(instruction.to, at);
    else if (instruction.op === 'character') {
      const codePoint = text[at];
      if (codePoint !== undefined && instruction.test(codePoint)) pending.push(pc + 1, at + 1);
    } else if (holds(instruction, text, at)) pending.push(pc + 1, at);
  }
  return false;
}

function holds(instruction: Assertion, text: readonly number[], at: number): boolean {
  if (instruction.op === 'start') return at === 0;
  if (instruction.op === 'end') return at === text.length;
  if (instruction.op === 'boundary') return isWord(text[at - 1]) !== isWord(text[at]);
  const { program, ahead, negative } = instruction;
  const found = ahead ? run(program, text, at, 'anywhere') : endsHere(program, text, at);
  return found !== negative;
}

function endsHere(program: Program, text: readonly number[], at: number): boolean {
  for (let from = at; from >= 0; from--) if (run(program, text, from, at)) return true;
  return false;
}
