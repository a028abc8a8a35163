/**
 * Access key ids name their account, as AWS's do: after the four-letter prefix come ten bytes in base 32, whose first 48
 * bits are a one, the account number in 40 bits and seven random bits; the other 32 bits are random. So a key finds its
 * account without a look-up, and GetAccessKeyInfo is arithmetic. Ids that an operator chose stand in the directory.
 */
import { type AccountId, iamId, isAccountId, randomBytes } from '#platform/base/ids.ts';
import { madeUp } from '#platform/base/made-up.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const FORM = /^A[KS]IA[A-Z2-7]{16}$/;
const TOP_BIT = 2 ** 47;
const RANDOM_VALUES = 128;

export const newAccessKeyId = (prefix: 'AKIA' | 'ASIA', account: AccountId): string =>
  madeUp(`${prefix} ${account}`, () => makeKeyId(prefix, account));

function makeKeyId(prefix: 'AKIA' | 'ASIA', account: AccountId): string {
  const random = (randomBytes(1)[0] as number) % RANDOM_VALUES;
  let value = TOP_BIT + Number(account) * RANDOM_VALUES + random;
  // 48 bits are nine characters of five bits and three bits of the tenth; the tenth's other two are random.
  const rest = iamId('', 7);
  const tenth = (value % 8) * 4 + ((randomBytes(1)[0] as number) % 4);
  value = Math.floor(value / 8);
  let head = '';
  for (let i = 0; i < 9; i++) {
    head = BASE32[value % 32] + head;
    value = Math.floor(value / 32);
  }
  return `${prefix}${head}${BASE32[tenth]}${rest.slice(0, 6)}`;
}

/** The account that the id names, if it has that form; whether there is such a key is another question. */
export function accountOfKeyId(id: string): AccountId | undefined {
  if (!FORM.test(id)) return undefined;
  let value = 0;
  for (let i = 4; i < 13; i++) value = value * 32 + BASE32.indexOf(id[i] as string);
  value = value * 8 + (BASE32.indexOf(id[13] as string) >> 2);
  if (value < TOP_BIT) return undefined;
  const account = String(Math.floor((value - TOP_BIT) / RANDOM_VALUES)).padStart(12, '0');
  return isAccountId(account) ? account : undefined;
}
