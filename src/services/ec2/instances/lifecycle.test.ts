import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { present } from '#platform/base/assert.ts';
import { changed, isUp, type LifecycleEvent, nextState, STATE_CODES } from '#services/ec2/instances/lifecycle.ts';
import type { InstanceRow, InstanceState } from '#services/ec2/instances/state.ts';

const NOW = Date.UTC(2026, 10, 26, 22, 19, 10);

export const ROW: InstanceRow = {
  id: 'i-0123456789abcdef0',
  reservation: 'r-0123456789abcdef0',
  launchIndex: 0,
  image: 'ami-0123456789abcdef0',
  boot: { kind: 'disk' },
  type: 't3.micro',
  state: 'pending',
  transitionReason: '',
  zone: 'us-east-1a',
  vpc: 'vpc-1',
  subnet: 'subnet-1',
  interfaces: [],
  devices: [],
  rootDevice: '/dev/xvda',
  borrowsPublicIp: false,
  shutdownBehaviour: 'stop',
  isTerminationProtected: false,
  isStopProtected: false,
  isMonitored: false,
  isEbsOptimized: false,
  cpu: { cores: 1, threadsPerCore: 2 },
  metadata: { isEnabled: true, requiresTokens: false, hopLimit: 1, showsTags: false },
  recovers: true,
  names: { type: 'ip-name', hasARecord: false },
  uuid: 'ec2f0000-0000-4000-8000-000000000000',
  launchedAt: NOW,
  createdAt: NOW,
  isOnHost: false,
  hasRun: false,
};

const EVENTS: readonly LifecycleEvent[] = [
  'start',
  'stop',
  'terminate',
  'booted',
  'launch-failed',
  'start-failed',
  'stopped-itself',
  'ended-itself',
  'gone',
  'lost',
];

const after = (events: readonly LifecycleEvent[]): InstanceRow =>
  events.reduce((row, event, index) => changed(row, { event, at: NOW + index }) ?? row, ROW);

test('a life as users see it', () => {
  const running = after(['booted']);
  assert.deepEqual([running.state, running.stateReason, running.transitionReason], ['running', undefined, '']);
  const stopping = present(changed(running, { event: 'stop', at: NOW }), 'what runs can be stopped');
  assert.equal(stopping.transitionReason, 'User initiated (2026-11-26 22:19:10 GMT)');
  assert.deepEqual(stopping.stateReason, {
    code: 'Client.UserInitiatedShutdown',
    message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  });
  const stopped = present(changed(stopping, { event: 'gone', at: NOW }), 'it is down');
  assert.equal(stopped.transitionReason, stopping.transitionReason);
  assert.deepEqual(stopped.stateReason, stopping.stateReason);
  assert.equal(stopped.down, undefined);
  const again = present(changed(stopped, { event: 'start', at: NOW + 5 }), 'it can be started');
  assert.deepEqual([again.state, again.launchedAt, again.transitionReason], ['pending', NOW + 5, '']);
});

test('who stops by force does not wait for the guest, also when it was asked before', () => {
  const asked = present(changed(after(['booted']), { event: 'stop', at: NOW }), 'what runs can be stopped');
  assert.equal(asked.down?.isForced, false);
  const forced = changed(asked, { event: 'stop', at: NOW + 1, isForced: true });
  assert.deepEqual(forced?.down, { isForced: true, deadline: NOW + 1 });
  assert.equal(forced?.transitionReason, asked.transitionReason);
});

test('what is not running can be neither stopped while it starts nor started while it stops', () => {
  assert.equal(nextState('pending', 'stop'), undefined);
  assert.equal(nextState('stopping', 'start'), undefined);
  assert.equal(nextState('terminated', 'start'), undefined);
  assert.equal(nextState('shutting-down', 'stop'), undefined);
});

test('whatever happens, states follow each other as documented, and the end is the end', () => {
  const order: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
    pending: ['running', 'stopping', 'shutting-down'],
    running: ['stopping', 'shutting-down'],
    stopping: ['stopped', 'shutting-down'],
    stopped: ['pending', 'terminated'],
    'shutting-down': ['terminated'],
    terminated: [],
  };
  fc.assert(
    fc.property(fc.array(fc.record({ event: fc.constantFrom(...EVENTS), isForced: fc.boolean() })), (events) => {
      let row = ROW;
      events.forEach(({ event, isForced }, index) => {
        const next = changed(row, { event, isForced, at: NOW + index }) ?? row;
        assert.ok(next.state === row.state || order[row.state].includes(next.state), `${row.state} ${event}`);
        const goesDown = next.state === 'stopping' || next.state === 'shutting-down';
        assert.equal(next.down !== undefined, goesDown);
        assert.equal(next.terminatedAt !== undefined, next.state === 'terminated');
        assert.equal(isUp(next), STATE_CODES[next.state] < 48 || next.state === 'stopping');
        row = next;
      });
      // From everywhere a user gets rid of it.
      const ended = changed(row, { event: 'terminate', at: NOW }) ?? row;
      assert.equal((changed(ended, { event: 'gone', at: NOW }) ?? ended).state, 'terminated');
    }),
  );
});
