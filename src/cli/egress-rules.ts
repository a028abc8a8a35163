import { readFileSync } from 'node:fs';
import type { Config } from '#config';
import type { EgressRules } from '#platform/egress/egress.ts';

/** While only this machine can call the cloud, the cloud may call this machine. */
export function egressRules({ listen, egress, egressCa }: Config): EgressRules {
  const networks = egress ?? (listen.length === 0 ? ['loopback'] : []);
  return {
    loopback: networks.includes('loopback'),
    private: networks.includes('private'),
    ...(egressCa !== undefined && { authorities: readFileSync(egressCa, 'utf8') }),
  };
}
