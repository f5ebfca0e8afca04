/** Gives a class the name of the class that it replaces, because the tests ask for that name. */
export function named<Class extends { readonly prototype: object }>(socket: Class, name: string): Class {
  Object.defineProperty(socket, "name", { value: name, configurable: true });
  Object.defineProperty(socket.prototype, Symbol.toStringTag, { value: name, configurable: true });
  return socket;
}
