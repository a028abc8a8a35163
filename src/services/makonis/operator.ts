/** The cloud is the operator's: the partition that the operations work on, and the resources that they are asked about. */
import type { AccountId } from '#platform/base/ids.ts';

export const OPERATOR = '000000000000' as AccountId;

export const accountArn = (id: string): string => `arn:aws:makonis::${OPERATOR}:account/${id}`;
export const anyAccount = (): string => accountArn('*');
export const owner = () => ({ account: OPERATOR });
