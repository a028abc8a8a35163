/**
 * A stream that gives something back when it is over: read to its end, broken, or given up, even before its first step, which the
 * `finally` of a generator would miss.
 */
export function released(source: AsyncIterable<Uint8Array>, release: () => void): AsyncIterable<Uint8Array> {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    release();
  };
  return {
    [Symbol.asyncIterator]() {
      const inner = source[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const step = await inner.next();
            if (step.done) end();
            return step;
          } catch (error) {
            end();
            throw error;
          }
        },
        async return() {
          try {
            await inner.return?.();
          } finally {
            end();
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
}
