import type { SessionStore } from "@handclasp/core";
import type { Calls } from "./calls.ts";
import { integer, ok, textOrNull } from "./replies.ts";
import type { Sealer } from "./seal.ts";

/** The cache of session IDs, for clients without tickets. No method of it rejects. */
export function sessionStore(calls: Calls, sealer: Sealer, prefix: string, now: () => number): SessionStore {
  const nameOf = (key: string): string => `${prefix}:session:${sealer.nameOf(key)}`;
  return {
    async get(key) {
      const name = nameOf(key);
      const text = await calls.call("get", ["GET", name], textOrNull);
      if (typeof text !== "string") return undefined;
      const session = sealer.open(name, text);
      if (!session) calls.failed("get", "altered", new Error("a session in Redis was altered"));
      return session;
    },
    async set(key, session, expires) {
      const lifetime = Math.ceil(expires - now());
      if (!(lifetime > 0)) return;
      const name = nameOf(key);
      await calls.call("set", ["SET", name, sealer.seal(name, session), "PX", String(lifetime)], ok);
    },
    async delete(key) {
      await calls.call("delete", ["DEL", nameOf(key)], integer);
    },
  };
}
