/** The account's own default credit specification of a burstable family in a region, for launches that say none. */
import type {
  GetDefaultCreditSpecificationRequest,
  GetDefaultCreditSpecificationResult,
  ModifyDefaultCreditSpecificationRequest,
  ModifyDefaultCreditSpecificationResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { FAMILIES } from '#services/ec2/instance-types/families.ts';
import { rowsById } from '#services/ec2/rows.ts';

type Credits = 'standard' | 'unlimited';

/** By family. */
const rows = rowsById<{ readonly id: string; readonly credits: Credits }>('default-credits');

/** T2 saves up, T3 and T3a may borrow ("Unlimited mode"). */
export const defaultCredits = (tx: ReadTransaction, family: string): Credits =>
  rows.find(tx, family)?.credits ?? (family === 't2' ? 'standard' : 'unlimited');

function familyNamed(name: string): string {
  const family = FAMILIES.find((one) => one.name === name && one.isBurstable);
  return family?.name ?? fail('InvalidParameter', 'instanceFamily', name, 'No host here has it.');
}

export function getDefaultCreditSpecification(
  { InstanceFamily: family }: GetDefaultCreditSpecificationRequest,
  { tx }: Call,
): GetDefaultCreditSpecificationResult {
  const CpuCredits = defaultCredits(tx, familyNamed(family));
  return { InstanceFamilyCreditSpecification: { InstanceFamily: family, CpuCredits } };
}

export function modifyDefaultCreditSpecification(
  { InstanceFamily: family, CpuCredits: credits }: ModifyDefaultCreditSpecificationRequest,
  { tx }: Call,
): ModifyDefaultCreditSpecificationResult {
  if (credits !== 'standard' && credits !== 'unlimited') return fail('InvalidParameter', 'cpuCredits', credits);
  rows.put(tx, { id: familyNamed(family), credits });
  return { InstanceFamilyCreditSpecification: { InstanceFamily: family, CpuCredits: credits } };
}
