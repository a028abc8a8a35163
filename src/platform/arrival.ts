/** What a service says of a call before it is judged: which resource is meant, by what it is reached, who pays. Types only. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Address } from '#platform/cloud.ts';
import type { Principal } from '#platform/principal.ts';
import type { Input, Output } from '#platform/service.ts';

/** Where and how a call arrives. */
export interface Arrival {
  readonly operation: string;
  readonly principal: Principal;
  readonly region: Region;
  /** Undefined: no request of a client, but a call within the cloud. */
  readonly address: Address | undefined;
}

/** What a service says of a call before it is judged. */
export interface Reached {
  /** By what its resource is reached: `call.door`. */
  readonly door?: unknown;
  /** Who is billed for it, where that is not the account that it works in. */
  readonly payer?: AccountId;
  /** What its answer says besides. */
  readonly adds?: Output;
}

export interface Resolved extends Reached {
  readonly input: Input;
}
