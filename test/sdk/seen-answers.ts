/**
 * Notes which answers of which operations AWS's SDKs have met, a line each (`kms Decrypt DisabledException`), into the file that
 * SEEN_ANSWERS names: tools/met-errors holds them against the models.
 */
import { appendFileSync } from 'node:fs';

type Next = (args: unknown) => Promise<unknown>;
interface Context {
  readonly clientName?: string;
  readonly commandName?: string;
}
/** What of an SDK's client is needed here; every client has it. */
interface Middle {
  readonly middlewareStack: {
    add(middleware: (next: Next, context: Context) => Next, options: { step: 'initialize'; name: string }): void;
  };
}

const file = process.env['SEEN_ANSWERS'];
const noted = new Set<string>();

/** Of an operation that no SDK for JavaScript has; `answer` is an error's name, or `success`. */
export function noteAnswer(service: string, operation: string, answer: string): void {
  const line = `${service} ${operation} ${answer}\n`;
  if (file === undefined || noted.has(line)) return;
  noted.add(line);
  appendFileSync(file, line);
}

const note = ({ clientName = '', commandName = '' }: Context, answer: string): void =>
  noteAnswer(clientName.replace(/Client$/, '').toLowerCase(), commandName.replace(/Command$/, ''), answer);

export function noteAnswers(client: unknown): void {
  if (file === undefined) return;
  (client as Middle).middlewareStack.add(
    (next, context) => async (args) => {
      try {
        const output = await next(args);
        note(context, 'success');
        return output;
      } catch (error) {
        note(context, (error as Error).name);
        throw error;
      }
    },
    { step: 'initialize', name: 'makonis-seen-answers' },
  );
}
