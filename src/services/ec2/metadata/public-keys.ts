/** The public key of a pair, as a guest puts it into its authorized_keys. */
import type { KeyPairRow } from '#services/ec2/key-pairs/state.ts';

/** Its comment is the pair's name. */
export const openSshOf = ({ publicKey, name }: KeyPairRow): string => {
  const [type = '', base64 = ''] = publicKey.split(' ');
  return `${type} ${base64} ${name}`;
};
