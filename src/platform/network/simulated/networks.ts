/** Networks for tests: keep what they are told. Nobody is connected by them but by what a test puts in the place of `answers`. */
import type { Duplex } from 'node:stream';
import type { Attendance, Networks, TunnelWay, VpcId, VpcPlan } from '#platform/network/network.ts';

export interface SimulatedNetworks extends Networks {
  /** The last plan of each VPC that is there. */
  readonly plans: ReadonlyMap<VpcId, VpcPlan>;
  /** How often a plan was applied. */
  readonly applied: number;
  readonly attendance: Attendance | undefined;
  /** The next calls fail so, one after another. */
  failNext(...errors: readonly Error[]): void;
  readonly failuresLeft: number;
  /** Who takes connections. */
  answers: (way: TunnelWay) => Duplex | undefined;
}

export function simulatedNetworks(publicCidr = '203.0.113.0/24'): SimulatedNetworks {
  const plans = new Map<VpcId, VpcPlan>();
  const failures: Error[] = [];
  let applied = 0;
  let attendance: Attendance | undefined;
  const attempt = (): void => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  };
  return {
    plans,
    answers: () => undefined,
    lacks: [],
    publicCidr,
    get applied() {
      return applied;
    },
    get failuresLeft() {
      return failures.length;
    },
    get attendance() {
      return attendance;
    },
    failNext: (...errors) => void failures.push(...errors),
    attend(given) {
      attendance = given;
    },
    async apply(plan) {
      attempt();
      // A copy, as it would be across a wire.
      plans.set(plan.id, structuredClone(plan));
      applied++;
    },
    async connect(way) {
      const answer = this.answers(way);
      if (answer === undefined) throw new Error(`nobody is at ${way.address}:${way.port}`);
      return answer;
    },
    async remove(id) {
      attempt();
      plans.delete(id);
    },
    list: async () => [...plans.keys()],
    tidy: async () => {},
    close: async () => {},
  };
}
