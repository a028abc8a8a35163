/**
 * Kills the control plane (SIGKILL) at steps of whatever users do with machines, starts it again, and holds rows, processes, taps, rules and
 * files against each other. Each action is killed once; `MAKONIS_KILLS=all node --test test/crash/machines.test.ts` kills each at
 * every step that it has, `MAKONIS_KILLS='run,stop by force'` those alone, `run:monitor cont` at that step. Each kill is told on stderr, and where
 * to go on from if it fails: all take an hour or more, and have no limit but those of each step.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPrograms, NEEDED_PROGRAMS } from '#platform/compute/needed-programs.ts';
import { isRoot, skip as noQemu } from '#platform/compute/qemu/machines.fixture.ts';
import { type MachinesCloud, newCloud } from '#test/crash/machines.ts';
import { type Action, actionsOn } from '#test/crash/machines-actions.ts';
import { PATIENCE_SECONDS, Scene } from '#test/crash/machines-scene.ts';
import { until } from '#test/until.ts';

const [first] = missingPrograms(NEEDED_PROGRAMS);
const skip = (!isRoot && 'needs root') || noQemu || (first !== undefined && `no ${first.program} here`);
const LONG = process.env['MAKONIS_KILLS'];
/** Undefined: all actions. Else by name, with the one step that is wanted, or all. */
const WANTED =
  LONG === undefined || LONG === 'all'
    ? undefined
    : new Map(LONG.split(',').map((each) => [each.replace(/:.*/, ''), each.split(':')[1]]));

function tell(text: string): void {
  if (LONG !== undefined) process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

/** Kills it at each step that it is seen to take; answers at how many. */
async function killed(scene: Scene, action: Action, subject: string): Promise<number> {
  const wanted = LONG === undefined ? action.at : WANTED?.get(action.name);
  const seen = new Set(wanted === undefined ? await stepsOf(scene, action, subject) : [wanted]);
  const done = new Set<string>();
  // What it takes in one turn and not in another is what goes on beside it: that has its chance twice.
  for (const step of [...seen, ...seen]) {
    if (done.has(step)) continue;
    const began = performance.now();
    const isKilled = await isKilledAt(step, scene, action, subject).catch((cause: unknown) => {
      throw new Error(`${action.name}:${step}: ${cause}`, { cause });
    });
    if (isKilled) done.add(step);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    tell(`${action.name}:${step}${isKilled ? '' : ' was not taken'}, ${seconds} s (${done.size} of ${seen.size})`);
  }
  return done.size;
}

/** Those that it takes when nothing comes in between. */
async function stepsOf(scene: Scene, action: Action, subject: string): Promise<readonly string[]> {
  const about = await begun(scene, action, '');
  await action.ask(about);
  await untilDone(scene, action, about, subject, () => false);
  await scene.isConsistent();
  const steps = scene.cloud.steps();
  await action.undo?.(about);
  return steps;
}

async function begun({ cloud }: Scene, { prepare }: Action, step: string): Promise<string> {
  const about = await prepare();
  await cloud.endAt(step);
  return about;
}

/** Whether it came to that step. */
async function isKilledAt(step: string, scene: Scene, action: Action, subject: string): Promise<boolean> {
  const { cloud } = scene;
  const about = await begun(scene, action, step);
  const unlessDead = (asked: Promise<unknown>): Promise<boolean> =>
    asked.then(
      () => true,
      async (error: unknown) => {
        await isDeadBy(cloud, error);
        return false;
      },
    );
  const answered = await unlessDead(action.ask(about));
  const isDone = await untilDone(scene, action, about, subject, () => cloud.isDead);
  const lived = isDone && (await unlessDead(scene.isConsistent())) && (await cloud.endAt(''));
  if (!lived) {
    await cloud.start();
    // Refused if it was taken after all.
    if (!answered) await action.ask(about).catch(() => {});
    await untilDone(scene, action, about, subject, () => false);
    await scene.isConsistent();
  }
  await action.undo?.(about);
  return !lived;
}

/** A connection that broke is the first that is seen of its death. */
const isDeadBy = (cloud: MachinesCloud, error: unknown): Promise<void> =>
  until(() => cloud.isDead, `its death after ${String(error)}`, 5);

/** Whether it was done before the end came. */
async function untilDone(
  { cloud }: Scene,
  { name, guest, isDone }: Action,
  about: string,
  subject: string,
  isOver: () => boolean,
): Promise<boolean> {
  let done = false;
  await until(
    async () => {
      if (isOver()) return true;
      if (guest?.isAsked?.(about) ?? guest !== undefined) await cloud.tell(subject, guest?.does ?? '').catch(() => {});
      done = await isDone(about).catch(async (error: unknown) => {
        await isDeadBy(cloud, error);
        return false;
      });
      return done || isOver();
    },
    `${name} is done`,
    PATIENCE_SECONDS,
  );
  return done && !isOver();
}

/** While nobody is there: each guest switches itself off, and one goes on. */
async function shutDownAlone(scene: Scene, subject: string): Promise<void> {
  const { cloud } = scene;
  const ending = await scene.launched('terminate');
  await cloud.kill();
  for (const id of [subject, ending]) await cloud.tell(id, 'p');
  await cloud.start();
  await scene.untilState(subject, 'stopped');
  await scene.untilState(ending, 'terminated');
  assert.equal((await scene.instance(subject))?.StateReason?.Code, 'Client.InstanceInitiatedShutdown');
  await scene.isConsistent();
}

test('killed at any step, the control plane brings machines and rows together again', {
  skip,
  timeout: LONG === undefined ? 280_000 : Number.POSITIVE_INFINITY,
}, async (t) => {
  const cloud = await newCloud(t);
  const scene = new Scene(cloud);
  await scene.summonWitness();
  const subject = await scene.launched();
  const actions = (await actionsOn(scene, subject)).filter(({ name }) => WANTED?.has(name) ?? true);
  let kills = 0;
  for (const action of actions) {
    const began = performance.now();
    tell(`to go on from here: ${actions.slice(actions.indexOf(action)).map(({ name }) => name)}`);
    const count = await killed(scene, action, subject);
    assert.ok(count > 0, `${action.name} was killed`);
    kills += count;
    t.diagnostic(`${action.name}: ${count} kills, ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  t.diagnostic(`${kills} kills`);
  await shutDownAlone(scene, subject);

  const ids = (await scene.instances()).map(({ InstanceId = '' }) => InstanceId);
  scene.dismissWitness();
  await scene.terminate(ids);
  await scene.isConsistent();
  await until(() => !cloud.outerRules() && cloud.routes().length === 0, 'the way out is gone');
  assert.deepEqual(cloud.shares(), []);
  assert.deepEqual(cloud.disks().volumes, []);
});
