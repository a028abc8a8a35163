/** What the commands that call the `makonis` service share. */
import type { Operator } from '#cli/client.ts';
import { openSecrets, runningState } from '#cli/run-state.ts';
import type { Config } from '#config';

export function operatorOf({ data }: Config): Operator {
  const state = runningState(data);
  return { ...state, operator: openSecrets(state).operator };
}
