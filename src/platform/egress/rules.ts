/** What outward calls may reach, as the operator says it. */
import { readFileSync } from 'node:fs';
import type { EgressRules } from '#platform/egress/egress.ts';

export interface EgressSettings {
  /** Addresses that the cloud listens on; empty: this machine's own. */
  readonly listen: readonly string[];
  /** `loopback`, `private` */
  readonly egress: readonly string[] | undefined;
  /** A file of authorities (PEM) to trust beside the system's. */
  readonly egressCa: string | undefined;
}

/** While only this machine can call the cloud, the cloud may call this machine. */
export function egressRules({ listen, egress, egressCa }: EgressSettings): EgressRules {
  const networks = egress ?? (listen.length === 0 ? ['loopback'] : []);
  return {
    loopback: networks.includes('loopback'),
    private: networks.includes('private'),
    ...(egressCa !== undefined && { authorities: readFileSync(egressCa, 'utf8') }),
  };
}
