/** Processes with clocks of their own (set wrongly, running fast or slow, stopped with their machine) over one ledger, in any order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Roll } from '#platform/cluster/ledger.ts';
import { type Instant, isWithin, Membership } from '#platform/cluster/membership.ts';
import { MemoryLedger } from '#platform/cluster/memory/ledger.ts';
import { rightfulHolder, SLOTS, slotOf } from '#platform/cluster/slots.ts';

/** What a process has asked the ledger, and where that is on its way. */
type Asked = { readonly sentAt: Instant; readonly sentTime: number } & (
  | { readonly stage: 'sent' }
  | { readonly stage: 'answered'; readonly roll: Roll | undefined }
);

interface Simulated {
  readonly id: string;
  membership: Membership | undefined;
  asked: Asked | undefined;
  readonly rate: number;
  monotonic: number;
  wall: number;
  /** When its wall clock was last set back, until it has renewed since. */
  setBackAt: number | undefined;
  /** The process gets no time (SIGSTOP): its clocks run. */
  isStopped: boolean;
  /** The machine is suspended: its monotonic clock stands. */
  isSuspended: boolean;
  /** Its orders don't reach the ledger, while clients reach it. */
  isCut: boolean;
}

const nodeStep = (name: string) => fc.record({ name: fc.constant(name), node: fc.nat(2) });
const step = fc.oneof(
  { weight: 14, arbitrary: fc.record({ name: fc.constant('pass'), by: fc.nat(900) }) },
  ...['renew', 'renew', 'send', 'reach', 'answer', 'take', 'hand'].map((name) => ({
    weight: 4,
    arbitrary: nodeStep(name),
  })),
  ...['stop', 'go', 'suspend', 'cut', 'cut', 'drain'].map((name) => ({ weight: 1, arbitrary: nodeStep(name) })),
  {
    weight: 1,
    arbitrary: fc.record({ name: fc.constant('set'), node: fc.nat(2), by: fc.integer({ min: -30_000, max: 30_000 }) }),
  },
);

type Step = { readonly name: string; readonly node?: number; readonly by?: number };

class World {
  time = 0;
  readonly ledger = new MemoryLedger(() => this.time);
  readonly draining = new Set<string>();
  readonly nodes: Simulated[];
  /** How often somebody could answer: a run where nobody ever could proves nothing. */
  answerable = 0;

  constructor(rates: readonly number[]) {
    this.nodes = rates.map((rate, at) => ({
      id: `node-${at}`,
      membership: undefined,
      asked: undefined,
      rate,
      monotonic: at * 1000,
      wall: at * 1_000_000,
      setBackAt: undefined,
      isStopped: false,
      isSuspended: false,
      isCut: false,
    }));
  }

  async run({ name, node: at = 0, by = 0 }: Step): Promise<void> {
    if (name === 'pass') return this.#pass(by);
    // Always within the array.
    const node = this.nodes[at] as Simulated;
    if (name === 'go') Object.assign(node, { isStopped: false, isSuspended: false, isCut: false });
    // A machine whose wall clock is set back between a renewal and the end of being suspended knows nothing any more: no clock would.
    else if (name === 'set') this.#set(node, node.isSuspended ? Math.max(0, by) : by);
    else if (name === 'stop') node.isStopped = true;
    else if (name === 'cut') node.isCut = true;
    else if (name === 'suspend') {
      node.isStopped = true;
      node.isSuspended = node.setBackAt === undefined;
    } else if (name === 'reach') await this.#reach(node);
    else if (node.isStopped || node.isCut) return;
    else if (name === 'renew') {
      await this.#act('send', node);
      await this.#reach(node);
      this.#answer(node);
    } else await this.#act(name, node);
  }

  #set(node: Simulated, by: number): void {
    node.wall += by;
    if (by < 0) node.setBackAt = this.time;
  }

  #pass(by: number): void {
    this.time += by;
    for (const node of this.nodes) {
      node.wall += by;
      if (!node.isSuspended) node.monotonic += by * node.rate;
    }
  }

  async #act(name: string, node: Simulated): Promise<void> {
    const { membership } = node;
    if (name === 'send') await this.#send(node);
    else if (name === 'answer') this.#answer(node);
    else if (name === 'drain' && !this.draining.delete(node.id)) this.draining.add(node.id);
    else if (
      name === 'take' &&
      membership !== undefined &&
      node.asked === undefined &&
      membership.roll.nodes.length > 0
    ) {
      membership.taken(await this.ledger.take(membership.incarnation, membership.toTake()));
    } else if (name === 'hand' && membership !== undefined && node.asked === undefined) {
      for (const [to, slots] of membership.toHand()) {
        membership.leaves(slots);
        membership.handed(slots, to);
        await this.ledger.hand(membership.incarnation, slots, to);
      }
    }
  }

  async #send(node: Simulated): Promise<void> {
    if (node.asked !== undefined) return;
    const sentAt = { monotonic: node.monotonic, wall: node.wall };
    node.membership ??= new Membership(await this.ledger.join(this.#entry(node)), sentAt);
    node.asked = { stage: 'sent', sentAt, sentTime: this.time };
  }

  /** The order arrives, whatever has become of who sent it. */
  async #reach(node: Simulated): Promise<void> {
    const { asked, membership } = node;
    if (asked?.stage !== 'sent' || membership === undefined) return;
    const roll = await this.ledger.renew(membership.incarnation, this.#entry(node), '');
    node.asked = { ...asked, stage: 'answered', roll };
  }

  #answer(node: Simulated): void {
    const { asked, membership } = node;
    if (asked?.stage !== 'answered' || membership === undefined) return;
    node.asked = undefined;
    if (asked.roll !== undefined) {
      membership.renewed(asked.sentAt, asked.roll);
      if (asked.sentTime > (node.setBackAt ?? 0)) node.setBackAt = undefined;
    } else {
      membership.over();
      node.membership = undefined;
    }
  }

  #entry = ({ id }: Simulated) => ({ id, address: id, isDraining: this.draining.has(id) });

  check(): void {
    for (let slot = 0; slot < SLOTS; slot += 17) {
      const sure = this.nodes.filter(({ isStopped, membership, monotonic, wall }) => {
        return !isStopped && membership?.holds(slot, { monotonic, wall });
      });
      assert.ok(sure.length <= 1, `slot ${slot} is held by ${sure.map(({ id }) => id).join(' and ')}`);
      this.answerable += sure.length;
      for (const { membership } of this.nodes) {
        // A commit of one who believes in the slot, whatever its clocks say, passes only where the ledger has it so.
        if (membership === undefined || !membership.held.has(slot) || !this.ledger.isOnRoll(membership.incarnation))
          continue;
        assert.equal(this.ledger.holderOf(slot), membership.incarnation, `slot ${slot} is written by another`);
      }
    }
  }
}

test('of two processes at most one can answer for a slot, and at most one can write to it', async () => {
  let answerable = 0;
  const rates = fc.array(fc.double({ min: 0.95, max: 1.05, noNaN: true }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(rates, fc.array(step, { minLength: 100, maxLength: 300 }), async (given, steps) => {
      const world = new World(given);
      for (const each of steps) {
        await world.run(each);
        world.check();
      }
      answerable += world.answerable;
    }),
    { numRuns: 500 },
  );
  assert.ok(answerable > 10_000, `somebody could answer ${answerable} times`);
});

test('slots and accounts are spread evenly, and who joins moves no more than its share', () => {
  const nodesOf = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ id: `10.0.0.${at}:4570`, isDraining: false }));
  const holders = (count: number) =>
    Array.from({ length: SLOTS }, (_, slot) => rightfulHolder(slot, nodesOf(count))?.id);
  const [three, four] = [holders(3), holders(4)];
  for (const { id } of nodesOf(3)) {
    const share = three.filter((holder) => holder === id).length;
    assert.ok(share > 60 && share < 110, `${share} slots of 256 with three processes`);
  }
  const moved = three.filter((holder, slot) => holder !== four[slot]);
  assert.equal(moved.length, four.filter((holder) => holder === '10.0.0.3:4570').length);
  const accounts = Array.from({ length: 25_600 }, (_, at) => String(100_000_000_000 + at * 7_919));
  const perSlot = new Map<number, number>();
  // Any text will do.
  for (const account of accounts)
    perSlot.set(slotOf(account as never), (perSlot.get(slotOf(account as never)) ?? 0) + 1);
  assert.ok(Math.max(...perSlot.values()) < 160, `a slot has ${Math.max(...perSlot.values())} of 25,600 accounts`);
});

test('nobody is given what is draining, and all draining leaves it where it is', () => {
  const nodes = [
    { id: 'a', isDraining: true },
    { id: 'b', isDraining: false },
  ];
  assert.equal(rightfulHolder(7, nodes)?.id, 'b');
  assert.equal(rightfulHolder(7, [{ id: 'a', isDraining: true }]), undefined);
});

test('a time is over as soon as one of the clocks says so', () => {
  const since = { monotonic: 100, wall: 1_000_000 };
  assert.ok(isWithin(2500, since, { monotonic: 2599, wall: 1_002_499 }));
  assert.ok(!isWithin(2500, since, { monotonic: 2600, wall: 1_000_000 }), 'the process was stopped');
  assert.ok(!isWithin(2500, since, { monotonic: 101, wall: 1_060_000 }), 'the machine was suspended');
  assert.ok(isWithin(2500, since, { monotonic: 101, wall: 970_000 }), 'the wall clock was set back');
});
