/** What an SDK throws for a refusal, by its name and, where the words are AWS's own, its message. */
export const refusal =
  (name: string, message?: string | RegExp) =>
  (error: unknown): boolean =>
    error instanceof Error &&
    error.name === name &&
    (message === undefined || (typeof message === 'string' ? error.message === message : message.test(error.message)));
