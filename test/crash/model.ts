/**
 * What must hold of a queue whatever is killed when, told from outside: the clients report what they sent, received and deleted and
 * how each request ended, and the model says what contradicts it.
 */
export interface Received {
  readonly MessageId: string;
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes?: Readonly<Record<string, string>>;
}

type End = 'answered' | 'refused' | 'unknown';

export class QueueModel {
  readonly #sent = new Map<string, End>();
  /** Body -> message id of its first delivery. */
  readonly #delivered = new Map<string, string>();
  readonly #deletions = new Map<string, { readonly end: End; readonly at: number }>();
  /** Group -> the number of the last message that was delivered for the first time. */
  readonly #lastOfGroup = new Map<string, number>();
  readonly faults: string[] = [];

  sent(body: string, end: End): void {
    this.#sent.set(body, end);
  }

  /** `begun`: when the receive was sent. */
  received(messages: readonly Received[], begun: number): void {
    for (const { Body: body, MessageId: id, Attributes } of messages) {
      const deletion = this.#deletions.get(body);
      if (deletion?.end === 'answered' && deletion.at < begun) this.faults.push(`${body} came back after its deletion`);
      if (this.#sent.get(body) === 'refused') this.faults.push(`${body} was delivered although its send was refused`);
      const known = this.#delivered.get(body);
      if (known !== undefined && known !== id) this.faults.push(`${body} was stored twice: ${known}, ${id}`);
      if (known === undefined) this.#firstDelivery(body, Attributes?.['MessageGroupId']);
      this.#delivered.set(body, id);
    }
  }

  #firstDelivery(body: string, group: string | undefined): void {
    if (group === undefined) return;
    const number = Number(body.split(' ').at(-1));
    const last = this.#lastOfGroup.get(group) ?? -1;
    if (number <= last) this.faults.push(`${body} was first delivered after ${last} of its group`);
    this.#lastOfGroup.set(group, number);
  }

  deleted(body: string, end: End, at: number): void {
    this.#deletions.set(body, { end, at });
  }

  /** When the queue is drained: whatever was acknowledged must have been delivered once at least. */
  finish(): void {
    for (const [body, end] of this.#sent) {
      if (end === 'answered' && !this.#delivered.has(body)) this.faults.push(`${body} was acknowledged and is lost`);
    }
  }

  get summary(): string {
    const count = (end: End): number => [...this.#sent.values()].filter((each) => each === end).length;
    return `${count('answered')} sent and ${count('unknown')} perhaps, ${this.#delivered.size} delivered, ${this.#deletions.size} deleted`;
  }
}
