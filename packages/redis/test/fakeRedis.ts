/** The commands that a fleet sends, in the memory of a test and on its clock. */
import type { SendCommand } from "../src/index.ts";

interface Stored {
  readonly fields: Map<string, string>;
  expires: number;
}

/** The scripts do what those in src/sharedRing.ts do; packages/conformance/test/fleet runs these in a real Redis. */
export function fakeRedis(now: () => number): { readonly send: SendCommand; keysOf(hash: string): string | undefined } {
  const hashes = new Map<string, Stored>();
  const locks = new Map<string, { readonly id: string; readonly expires: number }>();
  const hashOf = (name: string): Stored => {
    const stored = hashes.get(name);
    if (stored && stored.expires > now()) return stored;
    const created = { fields: new Map<string, string>(), expires: Number.POSITIVE_INFINITY };
    hashes.set(name, created);
    return created;
  };
  const lock = ([hash = "", lockName = "", id = "", lease = ""]: readonly string[]): unknown => {
    if ((locks.get(lockName)?.expires ?? 0) > now()) return null;
    locks.set(lockName, { id, expires: now() + Number(lease) });
    const { fields } = hashOf(hash);
    fields.set("token", String(Number(fields.get("token") ?? 0) + 1));
    return [fields.get("token"), fields.get("keys") ?? null, 0];
  };
  const write = ([hash = "", lockName = "", id, token, keys = "", lifetime]: readonly string[]): unknown => {
    const stored = hashOf(hash);
    const isNewest = stored.fields.get("token") === token;
    if (isNewest) {
      stored.fields.set("keys", keys);
      stored.expires = now() + Number(lifetime);
    }
    if (locks.get(lockName)?.id === id) locks.delete(lockName);
    return isNewest ? 1 : 0;
  };
  const keysOf = (hash: string): string | undefined => hashOf(hash).fields.get("keys");
  const send: SendCommand = async ([command, first = "", ...rest]) => {
    if (command === "HGET") return keysOf(first) ?? null;
    if (command === "TIME") return [String(Math.floor(now() / 1_000)), "0"];
    if (command === "EVAL") return first.includes("'NX'") ? lock(rest.slice(1)) : write(rest.slice(1));
    return null;
  };
  return { send, keysOf };
}
