/** What every driver of volumes keeps to: run by each one's test. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { randomBytes } from '#platform/base/ids.ts';
import type { VolumeKey, Volumes } from '#platform/compute/volume.ts';

export interface VolumesUnderTest {
  readonly volumes: Volumes;
  /** What a guest would do, in a block of 512 KiB. */
  write(volume: string, block: number, text: string, key?: VolumeKey): Promise<void>;
  /** Empty where nothing was written. */
  read(volume: string, block: number, key?: VolumeKey): Promise<string>;
  /** Takes up what is there, as after a crash. */
  reopen(): Promise<VolumesUnderTest>;
}

type Make = (t: TestContext) => Promise<VolumesUnderTest>;
interface Options {
  readonly skip: string | false;
}

const BLOCK = 512 * 1024;
const [V1, V2, V3] = ['vol-01', 'vol-02', 'vol-03'];
const [S1, S2, S3] = ['snap-01', 'snap-02', 'snap-03'];

export function volumesConformance(make: Make, options: Options): void {
  layers(make, options);
  lifetimes(make, options);
  encryption(make, options);
}

function layers(make: Make, options: Options): void {
  test('a snapshot holds what was there, and what changed since the last one', options, async (t) => {
    const { volumes, write, read } = await make(t);
    await volumes.create({ id: V1, sizeGiB: 1 });
    await write(V1, 0, 'a');
    await write(V1, 5, 'b');
    const first = await volumes.snapshot(S1, V1);
    await write(V1, 5, 'c');
    const second = await volumes.snapshot(S2, V1);
    await write(V1, 0, 'd');
    assert.deepEqual([first.storedBytes, first.fullBytes], [2 * BLOCK, 2 * BLOCK]);
    assert.deepEqual([second.storedBytes, second.fullBytes], [BLOCK, 2 * BLOCK]);
    await volumes.create({ id: V2, sizeGiB: 2, from: S1 });
    await volumes.create({ id: V3, sizeGiB: 1, from: S2 });
    assert.deepEqual([await read(V2, 0), await read(V2, 5)], ['a', 'b']);
    assert.deepEqual([await read(V3, 0), await read(V3, 5)], ['a', 'c']);
    assert.deepEqual([await read(V1, 0), await read(V1, 5)], ['d', 'c']);
    await write(V2, 0, 'e');
    assert.equal(await read(V3, 0), 'a');
  });

  test('operations may be repeated', options, async (t) => {
    const { volumes, write, read } = await make(t);
    await volumes.create({ id: V1, sizeGiB: 1 });
    await write(V1, 1, 'a');
    await volumes.create({ id: V1, sizeGiB: 1 });
    assert.equal(await read(V1, 1), 'a');
    const size = await volumes.snapshot(S1, V1);
    await write(V1, 1, 'b');
    assert.deepEqual(await volumes.snapshot(S1, V1), size);
    await volumes.copySnapshot(S2, S1);
    assert.deepEqual(await volumes.copySnapshot(S2, S1), await volumes.sizeOf(S2));
    await volumes.create({ id: V2, sizeGiB: 1, from: S1 });
    assert.equal(await read(V2, 1), 'a');
    await volumes.remove(V1);
    await volumes.remove(V1);
    await volumes.removeSnapshot(S3);
  });

  test('a machine is asked to go on in the new layer before the snapshot counts', options, async (t) => {
    const { volumes } = await make(t);
    await volumes.create({ id: V1, sizeGiB: 1 });
    const fails = volumes.snapshot(S1, V1, { onRunning: () => Promise.reject(new Error('it does not')) });
    await assert.rejects(fails, /it does not/);
    assert.deepEqual((await volumes.list()).snapshots, []);
    let asked = 0;
    const onRunning = async (): Promise<void> => {
      asked += 1;
      assert.deepEqual((await volumes.list()).snapshots, asked === 1 ? [] : [S1]);
    };
    await volumes.snapshot(S1, V1, { onRunning });
    assert.equal(asked, 1);
    await volumes.grow(V1, 2, { onRunning });
    assert.equal(asked, 2);
  });
}

function lifetimes(make: Make, options: Options): void {
  test('what others stand on stays until none does', options, async (t) => {
    const { volumes, write, read } = await make(t);
    await volumes.create({ id: V1, sizeGiB: 1 });
    await write(V1, 3, 'a');
    await volumes.snapshot(S1, V1);
    await write(V1, 4, 'b');
    await volumes.snapshot(S2, V1);
    await volumes.create({ id: V2, sizeGiB: 1, from: S1 });
    await volumes.removeSnapshot(S1);
    await volumes.remove(V1);
    assert.equal(await read(V2, 3), 'a');
    await volumes.remove(V2);
    await volumes.create({ id: V3, sizeGiB: 1, from: S2 });
    assert.deepEqual([await read(V3, 3), await read(V3, 4)], ['a', 'b']);
    await volumes.removeSnapshot(S2);
    assert.deepEqual(await volumes.list(), { volumes: [V3], snapshots: [] });
    await assert.rejects(volumes.create({ id: V1, sizeGiB: 1, from: S2 }));
  });

  test('all is there again after a crash', options, async (t) => {
    const under = await make(t);
    await under.volumes.create({ id: V1, sizeGiB: 1 });
    await under.write(V1, 3, 'a');
    await under.volumes.snapshot(S1, V1);
    await under.write(V1, 4, 'b');
    const again = await under.reopen();
    assert.deepEqual(await again.volumes.list(), { volumes: [V1], snapshots: [S1] });
    assert.deepEqual([await again.read(V1, 3), await again.read(V1, 4)], ['a', 'b']);
  });

  test('a volume grows and keeps what it holds; it does not shrink', options, async (t) => {
    const { volumes, write, read } = await make(t);
    await volumes.create({ id: V1, sizeGiB: 1 });
    await write(V1, 2047, 'last');
    await volumes.snapshot(S1, V1);
    await volumes.grow(V1, 3);
    await volumes.grow(V1, 3);
    await write(V1, 6143, 'end');
    assert.deepEqual([await read(V1, 2047), await read(V1, 4000), await read(V1, 6143)], ['last', '', 'end']);
    await assert.rejects(volumes.grow(V1, 2));
  });
}

function encryption(make: Make, options: Options): void {
  test('what is encrypted opens under its key alone', options, async (t) => {
    const { volumes, write, read } = await make(t);
    const [key, other] = [randomBytes(32), randomBytes(32)];
    await volumes.create({ id: V1, sizeGiB: 1, key });
    await write(V1, 0, 'secret', key);
    await volumes.snapshot(S1, V1, { key });
    await write(V1, 1, 'more', key);
    assert.deepEqual([await read(V1, 0, key), await read(V1, 1, key)], ['secret', 'more']);
    await assert.rejects(read(V1, 1));
    await assert.rejects(read(V1, 1, other));
    await volumes.create({ id: V2, sizeGiB: 1, from: S1, fromKey: key, key });
    assert.equal(await read(V2, 0, key), 'secret');
    await volumes.grow(V1, 2, { key });
    assert.equal(await read(V1, 1, key), 'more');
  });

  test('another key, or the first one, is got by a copy', options, async (t) => {
    const { volumes, write, read } = await make(t);
    const [key, other] = [randomBytes(32), randomBytes(32)];
    await volumes.create({ id: V1, sizeGiB: 1 });
    await write(V1, 7, 'plain');
    await volumes.snapshot(S1, V1);
    await volumes.create({ id: V2, sizeGiB: 1, from: S1, key });
    await assert.rejects(read(V2, 7));
    assert.equal(await read(V2, 7, key), 'plain');
    await volumes.snapshot(S2, V2, { key });
    await volumes.copySnapshot(S3, S2, { fromKey: key, key: other });
    await volumes.create({ id: V3, sizeGiB: 1, from: S3, fromKey: other, key: other });
    assert.equal(await read(V3, 7, other), 'plain');
    assert.equal(await read(V1, 7), 'plain');
  });
}
