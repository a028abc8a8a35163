/** The processes of machines, told by what they can't change: the user that they run as, or without root the folder they were started in. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  readonly uid: number;
}

/** All of this host that are not over. */
export function processes(): FoundProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    const status = /^\d+$/.test(name) ? textOf(`/proc/${name}/status`) : '';
    const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
    const isOver = /^State:\s+[ZX]/m.test(status);
    return uid === undefined || isOver ? [] : [{ pid: Number(name), uid: Number(uid) }];
  });
}

/** Of a process of one's own; undefined for others, and for what has just ended. */
export function folderOf({ pid }: FoundProcess): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Processes end while one looks at them. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
