/** What other services may ask of EC2. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { OpenConnection } from '#platform/connections.ts';

export interface InstancePlace {
  readonly account: AccountId;
  readonly region: Region;
  readonly id: string;
}

export interface InstancesApi {
  /** A way to the machine's screen or serial line; undefined: there is no such instance, or it does not run. */
  connection(place: InstancePlace, target: 'screen' | 'serial'): OpenConnection | undefined;
}
