/** `makonis down` and `makonis status`. */
import { askAdmin } from '#cli/admin.ts';
import { type NodeRow, nodesOf, nodeTable } from '#cli/node.ts';
import { CommandError, print, printJson } from '#cli/output.ts';
import { isAlive, type RunState, readRunState } from '#cli/run-state.ts';
import { waitUntil } from '#cli/wait.ts';
import { processSources, readConfig } from '#config';

/** A cloud has ten seconds to finish what is in flight, and then closes its files. */
const STOP_LIMIT_MILLISECONDS = 30_000;

export async function down(args: readonly string[]): Promise<number> {
  const { config } = readConfig(processSources(args));
  const state = readRunState(config.data);
  if (state === undefined || !isAlive(state.pids[0])) {
    print(`no cloud runs on ${config.data}`);
    return 0;
  }
  process.kill(state.pids[0], 'SIGTERM');
  const isDown = await waitUntil(() => !state.pids.some(isAlive), STOP_LIMIT_MILLISECONDS);
  if (!isDown) {
    const left = state.pids.filter(isAlive).join(' ');
    throw new CommandError(
      `the cloud has not stopped within 30 s (process ${left}). Its log: ${config.data}/log; kill -9 loses nothing that was answered`,
    );
  }
  print(`stopped the cloud on ${config.data}`);
  return 0;
}

export async function status(args: readonly string[]): Promise<number> {
  const { config, extra } = readConfig(processSources(args, { '--json': 'switch' }));
  const state = readRunState(config.data);
  const pids = state?.pids.filter(isAlive) ?? [];
  const ready = state !== undefined && pids.length > 0 && (await isHealthy(state));
  const nodes: readonly NodeRow[] = ready ? await nodesOf(state) : [];
  if (extra['--json'] !== undefined) {
    const { url, port, version } = state ?? {};
    printJson({ ready, pids, url, port, version, data: config.data, ...(nodes.length > 0 && { nodes }) });
  } else if (state === undefined || pids.length === 0) {
    print(`no cloud runs on ${config.data}. Start it: makonis up --detach`);
  } else {
    print(
      `${ready ? 'ready' : 'not ready'}: ${state.url} (version ${state.version}, process ${pids.join(' ')}, data ${config.data})`,
    );
    if (nodes.length > 0) print(nodeTable(nodes));
  }
  return ready ? 0 : 1;
}

async function isHealthy(state: RunState): Promise<boolean> {
  const answer = await askAdmin(state, 'GET', '/_makonis/health').catch(() => undefined);
  return answer?.status === 200;
}
