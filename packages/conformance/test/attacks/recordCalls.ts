/**
 * Records the calls of a provider's functions.
 * @module
 */

/**
 * Returns `target` with functions that call `note` with their name and the lengths of their arguments, and so do the
 * functions of the objects that they return.
 */
export function recordCalls<T extends object>(target: T, note: (call: string) => void, path = ""): T {
  const wrap = (value: unknown, name: string): unknown => {
    if (typeof value === "function")
      return (...args: readonly unknown[]) => {
        note(`${name}(${args.map((arg) => (arg instanceof Uint8Array ? arg.length : typeof arg)).join()})`);
        const result: unknown = Reflect.apply(value, target, args);
        return result instanceof Promise ? result.then((settled) => wrap(settled, name)) : wrap(result, name);
      };
    const isPlain = typeof value === "object" && value !== null && !(value instanceof Uint8Array);
    return isPlain ? recordCalls(value, note, name) : value;
  };
  return new Proxy(target, {
    get: (_, key) => wrap(Reflect.get(target, key, target), `${path}.${String(key)}`),
  });
}
