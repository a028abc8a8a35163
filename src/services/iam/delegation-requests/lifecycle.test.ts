import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days } from '#platform/base/clock.ts';
import { afterStep, expiryOf, type State, type Step, type StoredState, stateAt } from './lifecycle.ts';

const STATES: StoredState[] = ['UNASSIGNED', 'ASSIGNED', 'PENDING_APPROVAL', 'ACCEPTED', 'FINALIZED', 'REJECTED'];
const at = (state: StoredState) => ({ state, changedAt: 0 });

test('each step starts where the guide says, and nowhere else', () => {
  const allowed: Record<Step, State[]> = {
    associate: ['UNASSIGNED'],
    update: ['ASSIGNED', 'PENDING_APPROVAL'],
    accept: ['ASSIGNED', 'PENDING_APPROVAL'],
    reject: ['ASSIGNED', 'PENDING_APPROVAL', 'ACCEPTED'],
    send: ['ACCEPTED'],
  };
  for (const [step, from] of Object.entries(allowed) as [Step, State[]][]) {
    for (const state of STATES) {
      assert.equal(afterStep(at(state), step, 1) !== undefined, from.includes(state), `${step} ${state}`);
    }
  }
});

test('what nobody moves on expires', () => {
  assert.equal(expiryOf(at('UNASSIGNED')), days(1));
  for (const state of STATES) {
    assert.equal(stateAt(at(state), expiryOf(at(state)) - 1), state);
    assert.equal(stateAt(at(state), expiryOf(at(state))), 'EXPIRED');
    assert.equal(afterStep(at(state), 'accept', days(8)), undefined);
  }
});
