/**
 * What must hold of objects whatever is killed when. A client owns its keys and knows, of each, what it may be: what the last
 * acknowledged write made of it, or what a write whose end nobody knows may have made.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { CrashClient, Key, Outcome } from '#test/crash/client.ts';

/** The shortest lie within their row, short ones beside it, small ones share a segment, large ones have files, the largest come as a stream. */
const SIZES = [0, 100, 5000, 60_000, 700_000, 1_300_000];
const KEYS = 6;

/** Undefined: no object. */
type Content = string | undefined;

export class ObjectLoad {
  readonly faults: string[] = [];
  readonly #client: CrashClient;
  readonly #key: Key;
  readonly #bucket: string;
  readonly #may = new Map<string, Set<Content>>();
  /** What may still come: a process that was stopped goes on with what it had been sent, though the sender has given up. */
  readonly #late = new Map<string, Set<Content>>();
  #count = 0;
  #isStopped = false;

  constructor(client: CrashClient, key: Key, bucket: string) {
    this.#client = client;
    this.#key = key;
    this.#bucket = bucket;
  }

  /** Of all objects, when nothing runs any more and all was checked. */
  get bytes(): number {
    return [...this.#may.values()].flatMap((may) => [...may]).reduce((sum, content) => sum + (content?.length ?? 0), 0);
  }

  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, client) => this.#work(client)));
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #work(client: number): Promise<void> {
    while (!this.#isStopped) {
      const path = `/${this.#bucket}/${client}/${Math.floor(Math.random() * KEYS)}`;
      const dice = Math.random();
      const end = dice < 0.6 ? await this.#put(path) : dice < 0.75 ? await this.#delete(path) : await this.check(path);
      if (end === 'unknown') await pause(20);
    }
  }

  #mayBe(path: string): Set<Content> {
    const known = this.#may.get(path) ?? new Set([undefined]);
    this.#may.set(path, known);
    return known;
  }

  async #put(path: string): Promise<Outcome['end']> {
    const size = SIZES[Math.floor(Math.random() * SIZES.length)] ?? 0;
    const line = `${path} ${this.#count++}\n`;
    const content = line.repeat(Math.ceil(size / line.length)).slice(0, size);
    return this.#write('PUT', path, content, content);
  }

  #delete(path: string): Promise<Outcome['end']> {
    return this.#write('DELETE', path, '', undefined);
  }

  async #write(method: 'PUT' | 'DELETE', path: string, body: string, content: Content): Promise<Outcome['end']> {
    this.#mayBe(path).add(content);
    const outcome = await this.#client.s3(method, path, body, this.#key);
    if (outcome.end === 'answered') this.#may.set(path, new Set([content]));
    if (outcome.end === 'unknown' && this.#client.errorsSayNothing) {
      this.#late.set(path, (this.#late.get(path) ?? new Set()).add(content));
    }
    if (outcome.end === 'refused') this.faults.push(`${method} ${path}: ${outcome.status} ${outcome.body}`);
    return outcome.end;
  }

  async check(path: string): Promise<Outcome['end']> {
    const outcome = await this.#client.s3('GET', path, '', this.#key);
    if (outcome.end === 'unknown') return 'unknown';
    if (outcome.end === 'refused' && outcome.status !== 404) {
      this.faults.push(`GET ${path}: ${outcome.status} ${outcome.body}`);
      return 'refused';
    }
    const content = outcome.end === 'answered' ? outcome.body : undefined;
    const may = this.#mayBe(path);
    const isKnown = may.has(content) || this.#late.get(path)?.has(content) === true;
    if (!isKnown) this.faults.push(`${path} is ${content?.slice(0, 40)}, ${content?.length} bytes`);
    // A read that was answered can't be taken back.
    else this.#may.set(path, new Set([content]));
    return outcome.end;
  }

  /** When nothing runs any more: every key, and the listing. */
  async checkAll(): Promise<void> {
    const there: string[] = [];
    for (const path of [...this.#may.keys()].sort()) {
      if ((await this.check(path)) === 'answered') there.push(path.slice(this.#bucket.length + 2));
    }
    const listed = await this.#client.s3('GET', `/${this.#bucket}?list-type=2`, '', this.#key);
    const all = listed.end === 'answered' ? [...listed.body.matchAll(/<Key>([^<]*)</g)].map(([, key = '']) => key) : [];
    // Others have objects beside.
    const keys = all.filter((key) => /^\d/.test(key));
    if (keys.join(' ') !== there.join(' ')) this.faults.push(`listed: ${keys.join(' ')}; there: ${there.join(' ')}`);
  }
}
