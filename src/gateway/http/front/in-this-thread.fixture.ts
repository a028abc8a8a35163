/** For tests: a front and its engine in one thread, over a real channel and real rings, with the clock of the test. */
import { MessageChannel } from 'node:worker_threads';
import { Counts } from '../counts.ts';
import { HeadTail } from '../http1-response.ts';
import { startHttp1 } from '../http1-server.ts';
import { defaultLimits } from '../limits.ts';
import type { Listener, ListenOptions } from '../listener.ts';
import { startFront } from './front.ts';
import { FrontLink, newFrontMemory } from './front-link.ts';

/** What it answers is the front's port: the engine's own is for what is passed on. */
export async function startFrontHere(options: ListenOptions, carriedBodyBytes: number): Promise<Listener> {
  const counts = Counts.memory(2);
  const engine = await startHttp1({ ...options, port: 0 }, { counts: new Counts(counts, 0) });
  const memory = newFrontMemory(counts, 1);
  const { port1, port2 } = new MessageChannel();
  const link = new FrontLink(
    port1,
    memory,
    { ...options, tail: new HeadTail(options.clock), adopt: engine.adopt },
    () => {},
  );
  const limits = { ...defaultLimits, ...options.limits };
  const front = await startFront(
    port2,
    { memory, hosts: ['127.0.0.1'], port: options.port, limits, carriedBodyBytes },
    options.clock,
  );
  return {
    port: front.port,
    addresses: front.addresses,
    get connections() {
      return front.connections;
    },
    async stop(grace) {
      link.isStopping = true;
      await Promise.all([engine.stop(grace), front.stop(grace)]);
      link.lose();
      port1.close();
    },
  };
}
