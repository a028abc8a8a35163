/** Sends a signed request to this machine, whatever host it names: not every system resolves names below `localhost`. */
interface WithRequest {
  request: unknown;
}

export const reaching =
  <Given extends WithRequest, Answer>(next: (args: Given) => Promise<Answer>) =>
  (args: Given): Promise<Answer> => {
    (args.request as { hostname: string }).hostname = '127.0.0.1';
    return next(args);
  };
