/** Uses of a channel with the APIs of a page. scripts/consumers.mjs compiles this file and never runs it. */
import { connect, type TlsConnection } from "@handclasp/browser";

export * from "./channel.ts";

export const open = (ca: string): Promise<TlsConnection> => connect("wss://localhost:8443", { ca });

export const asResponse = (channel: TlsConnection): Response => new Response(channel.readable);
