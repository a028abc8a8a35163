import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#platform/base/clock.ts';
import { type Recipe, RecipeBuilder, type Workplace } from '#platform/compute/images/builder.ts';

const IMAGE = {
  name: 'tiny',
  version: '1',
  user: 'somebody',
  sizeGiB: 1,
  boot: { kind: 'kernel', commandLine: '' },
  description: '',
} as const;

function start(t: TestContext, build: (workplace: Workplace) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-images-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const adopted: string[] = [];
  const store = {
    async adopt(id: string, file: string) {
      assert.ok(existsSync(file));
      adopted.push(id);
    },
  };
  const recipe: Recipe = { image: IMAGE, needs: [], build };
  return { folder, adopted, open: () => RecipeBuilder.open({ folder, recipes: [recipe], store, clock: systemClock }) };
}

async function leave({ folder, onProgress }: Workplace): Promise<void> {
  for (const name of ['disk.raw', 'kernel', 'initrd']) writeFileSync(join(folder, name), name);
  mkdirSync(join(folder, 'scraps'));
  onProgress(50);
}

test('an image is built once, whoever asks, and kept', async (t) => {
  let builds = 0;
  const { folder, adopted, open } = start(t, async (workplace) => {
    builds += 1;
    await leave(workplace);
  });
  const builder = await open();
  assert.equal(builder.kernelOf('ami-01'), undefined);
  const seen: number[] = [];
  const both = [seen, []].map((list: number[]) => builder.build(IMAGE, 'ami-01', (percent) => list.push(percent)));
  await Promise.all(both);
  assert.deepEqual([builds, adopted, seen], [1, ['ami-01'], [0, 50, 100]]);
  assert.deepEqual(readdirSync(join(folder, 'ami-01')).sort(), ['initrd', 'kernel']);
  const again = await open();
  await again.build(IMAGE, 'ami-01', () => {});
  assert.equal(builds, 1);
  assert.deepEqual(again.kernelOf('ami-01'), {
    kernel: join(folder, 'ami-01', 'kernel'),
    initrd: join(folder, 'ami-01', 'initrd'),
  });
});

test('a build that fails leaves nothing, and may be tried again', async (t) => {
  let fails = true;
  const { folder, adopted, open } = start(t, async (workplace) => {
    await leave(workplace);
    if (fails) throw new Error('no packages');
  });
  const builder = await open();
  await assert.rejects(
    builder.build(IMAGE, 'ami-01', () => {}),
    /no packages/,
  );
  assert.deepEqual([readdirSync(folder), readdirSync(join(folder, 'incoming')), adopted], [['incoming'], [], []]);
  fails = false;
  await builder.build(IMAGE, 'ami-01', () => {});
  assert.deepEqual(adopted, ['ami-01']);
});

test('what a crash has left is removed at the next start; a build ends with the cloud', async (t) => {
  const { folder, open } = start(
    t,
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
  );
  mkdirSync(join(folder, 'incoming', 'ami-02'), { recursive: true });
  const builder = await open();
  assert.deepEqual(readdirSync(join(folder, 'incoming')), []);
  const building = assert.rejects(
    builder.build(IMAGE, 'ami-01', () => {}),
    /stopped|aborted/,
  );
  await builder.close();
  await building;
});
