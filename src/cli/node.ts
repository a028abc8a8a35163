/** `makonis node list | drain | fill`: the processes of a cloud that several share, and what each holds. */
import { askAdmin } from '#cli/admin.ts';
import { CommandError, print, printJson } from '#cli/output.ts';
import { type RunState, runningState } from '#cli/run-state.ts';
import { processSources, readConfig } from '#config';

const USAGE = 'makonis node list [--json] | drain HOST:PORT | fill HOST:PORT';

/** As the admin port tells it. */
export interface NodeRow {
  readonly id: string;
  readonly isDraining: boolean;
  readonly slots: number;
  readonly partitions: number;
}

export async function node(args: readonly string[]): Promise<number> {
  const { config, extra, positional } = readConfig(processSources(args, { '--json': 'switch' }, 2));
  const [action = 'list', id] = positional;
  const state = runningState(config.data);
  if (action === 'list' && id === undefined) {
    const nodes = await nodesOf(state);
    if (extra['--json'] !== undefined) printJson(nodes);
    else print(nodes.length > 0 ? nodeTable(nodes) : 'this cloud has one process: see --node');
    return 0;
  }
  if ((action !== 'drain' && action !== 'fill') || id === undefined) throw new CommandError(USAGE);
  const { status, text } = await askAdmin(state, 'POST', `/_makonis/nodes/${action}?${encodeURIComponent(id)}`);
  if (status !== 200) throw new CommandError(status === 405 ? 'this cloud has one process: see --node' : text);
  print(action === 'drain' ? `${id} hands over what it holds, and takes nothing` : `${id} takes its share again`);
  return 0;
}

export async function nodesOf(state: RunState): Promise<readonly NodeRow[]> {
  // Written by gateway/admin.ts.
  return JSON.parse((await askAdmin(state, 'GET', '/_makonis/nodes')).text) as NodeRow[];
}

export function nodeTable(nodes: readonly NodeRow[]): string {
  const width = Math.max(...nodes.map(({ id }) => id.length));
  return nodes
    .map(({ id, isDraining, slots, partitions }) => {
      const state = isDraining ? 'draining' : 'takes part';
      return `  ${id.padEnd(width)}  ${state.padEnd(10)}  ${slots} of 256 slots, ${partitions} partitions`;
    })
    .join('\n');
}
