/**
 * The thread that talks to the database, one for a store: writers of the regions, and two readers. It carries out what drivers.ts orders;
 * packing, sealing and the protocol cost the thread that answers requests nothing.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { Region } from '#platform/base/ids.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import type { Order, Question, Reply, Report, Start } from '#platform/store/postgres/orders.ts';
import { Reader } from '#platform/store/postgres/reader.ts';
import { Writer } from '#platform/store/postgres/writer.ts';
import { rowSeals } from '#platform/store/row-seals.ts';

const port = present(parentPort, 'this runs in a thread of its own');
// Given by PostgresThread.
const { address, masterKeys, patience, replies, answered } = workerData as Start;
const signal = new Int32Array(answered);
const seals = masterKeys && rowSeals(createSealer(masterKeys));
/** Of who sleeps, and of partitions that are taken over, which is done in the order of asking. */
const reader = new Reader(address, patience, false);
const laterReader = new Reader(address, patience, true);
let taking: Promise<unknown> = Promise.resolve();
const writers = new Map<Region, Writer>();

const writerOf = (region: Region): Writer =>
  getOrInsert(writers, region, () => new Writer(address, region, seals, patience));

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));

async function answer({ id, question, isAsleep }: Extract<Order, { kind: 'ask' }>): Promise<void> {
  let reply: Reply;
  try {
    const found = await find(question, isAsleep);
    reply = { id, ...(found !== undefined && { answer: found }) };
  } catch (error) {
    reply = { id, error: reasonOf(error) };
  }
  if (!isAsleep) return port.postMessage(reply);
  replies.postMessage(reply);
  Atomics.store(signal, 0, id);
  Atomics.notify(signal, 0);
}

function find(question: Question, isAsleep: boolean) {
  const asked = async () => {
    // What is in doubt may still come: nothing is read before it has, or can't any more.
    for (const writer of writers.values()) await writer.settle(0);
    return await (isAsleep || question.kind === 'own' ? reader : laterReader).answer(question);
  };
  if (question.kind !== 'own') return asked();
  const taken = taking.then(asked);
  taking = taken.catch(() => {});
  return taken;
}

async function report(region: Region, action: Promise<void>): Promise<void> {
  let ended: Report = { region };
  try {
    await action;
  } catch (error) {
    ended = { region, error: reasonOf(error) };
  }
  port.postMessage(ended);
}

function close(region: Region): Promise<void> {
  const writer = writers.get(region);
  writers.delete(region);
  return writer?.close() ?? Promise.resolve();
}

async function stop(): Promise<void> {
  for (const region of [...writers.keys()]) await close(region);
  await reader.close();
  await laterReader.close();
  port.close();
  replies.close();
}

port.on('message', (order: Order) => {
  switch (order.kind) {
    case 'ask':
      return void answer(order);
    case 'commit':
      return void report(order.region, writerOf(order.region).commit(order.batch, order.member));
    case 'close':
      return void report(order.region, close(order.region));
    case 'stop':
      return void stop();
  }
});
