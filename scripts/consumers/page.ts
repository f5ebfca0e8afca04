/** A page that uses a channel with what else it has. Compiled by scripts/consumers.mjs, never run. */
import { connect, type TlsConnection } from "@handclasp/browser";

export * from "./channel.ts";

export const open = (ca: string): Promise<TlsConnection> => connect("wss://localhost:8443", { ca });

export const asResponse = (channel: TlsConnection): Response => new Response(channel.readable);
