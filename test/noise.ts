/** Text that can't be packed, the same in every run. */
import { createHash } from 'node:crypto';

export function noise(characters: number, seed = ''): string {
  let text = '';
  for (let n = 0; text.length < characters; n++) {
    text += createHash('sha512').update(`${seed} ${n}`).digest('hex');
  }
  return text.slice(0, characters);
}
