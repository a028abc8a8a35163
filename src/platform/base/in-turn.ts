/** Work on one thing, named by a text, done one after another; on different things at the same time. */
export type InTurn = <T>(name: string, action: () => Promise<T>) => Promise<T>;

export function newInTurn(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return async (name, action) => {
    const before = last.get(name);
    const { promise: mine, resolve: end } = Promise.withResolvers<void>();
    last.set(name, mine);
    try {
      await before;
      return await action();
    } finally {
      end();
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
