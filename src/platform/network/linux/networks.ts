/** Networks of Linux's own parts: what needs root is done by the hands, what guests ask is answered here. */
import { Socket } from 'node:net';
import type { Clock } from '#platform/base/clock.ts';
import { newInTurn } from '#platform/base/in-turn.ts';
import { type Attendant, attend } from '#platform/network/linux/attendant.ts';
import { checkPlan } from '#platform/network/linux/check-plan.ts';
import { createForwarder } from '#platform/network/linux/forwarder.ts';
import type { NetworkHands } from '#platform/network/linux/hands.ts';
import { TUNNEL_PORTS } from '#platform/network/linux/names.ts';
import {
  type Attendance,
  type Networks,
  type TunnelWay,
  tunnelEndsOf,
  type VpcId,
  type VpcPlan,
} from '#platform/network/network.ts';

export interface LinuxNetworksDeps {
  readonly hands: NetworkHands;
  readonly publicCidr: string;
  readonly clock: Clock;
  /** The resolvers of this host, asked for names outside of VPCs. */
  readonly resolvers: () => readonly string[];
}

export class LinuxNetworks implements Networks {
  readonly lacks: readonly string[] = [];
  readonly publicCidr: string;
  readonly #hands: NetworkHands;
  readonly #deps: Parameters<typeof attend>[2];
  readonly #attendants = new Map<VpcId, Attendant>();
  readonly #inTurn = newInTurn();
  /** As they were applied. */
  readonly #plans = new Map<VpcId, VpcPlan>();
  #tunnels = 0;
  #attendance: Attendance | undefined;

  constructor({ hands, publicCidr, clock, resolvers }: LinuxNetworksDeps) {
    this.publicCidr = publicCidr;
    this.#hands = hands;
    this.#deps = { clock, forward: createForwarder(clock, resolvers), attendance: () => this.#attendance };
  }

  attend(attendance: Attendance): void {
    this.#attendance = attendance;
  }

  apply(plan: VpcPlan): Promise<void> {
    return this.#inTurn(plan.id, async () => {
      const attendant = this.#attendants.get(plan.id);
      if (attendant === undefined) await this.#applyFirst(plan);
      else await this.#hands.apply(plan);
      attendant?.learn(plan);
      this.#plans.set(plan.id, plan);
    });
  }

  async connect({ vpc, interface: id, address, port, as }: TunnelWay): Promise<Socket> {
    const plan = this.#plans.get(vpc);
    const from = plan && tunnelEndsOf(plan).find((end) => end.id === id)?.addresses[0]?.privateIp;
    if (from === undefined) throw new Error(`${id} is no tunnel's end in ${vpc}`);
    const handle = await this.#hands.connect({ vpc, from, fromPort: this.#nextPort(), to: address, toPort: port, as });
    // As Node's own receiver of sockets makes them; its types leave the option out.
    const options = { handle, readable: true, writable: true } as object;
    return new Socket(options);
  }

  /** One after another: a port that was in use a moment ago may not be free for the same address yet. */
  #nextPort(): number {
    const [first, last] = TUNNEL_PORTS;
    return first + (this.#tunnels++ % (last - first + 1));
  }

  /** Sockets are opened while the rest is made: the process that opens them takes as long to start as all of that. */
  async #applyFirst(plan: VpcPlan): Promise<void> {
    // Nothing is begun of a plan that will be refused.
    checkPlan(plan);
    const opening = this.#hands.sockets(plan.id);
    const [applied, opened] = await Promise.allSettled([this.#hands.apply(plan), opening]);
    if (applied.status === 'rejected') {
      if (opened.status === 'fulfilled') for (const socket of Object.values(opened.value)) socket.close();
      throw applied.reason;
    }
    this.#attendants.set(plan.id, attend(plan, await opening, this.#deps));
  }

  remove(id: VpcId): Promise<void> {
    return this.#inTurn(id, async () => {
      this.#plans.delete(id);
      this.#attendants.get(id)?.close();
      this.#attendants.delete(id);
      await this.#hands.remove(id);
    });
  }

  list(): Promise<readonly VpcId[]> {
    return this.#hands.list();
  }

  tidy(): Promise<void> {
    return this.#hands.tidy();
  }

  async close(): Promise<void> {
    for (const attendant of this.#attendants.values()) attendant.close();
    this.#attendants.clear();
    this.#plans.clear();
  }
}
