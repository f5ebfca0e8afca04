/**
 * The code that the libraries' specs run in the page: libraries that take a WebSocket class, unchanged, on classes of
 * ours. librariesService.ts bundles this file.
 */
import { secureByteSocket, secureWebSocket } from "@handclasp/browser/websocket";
// @ts-expect-error noVNC has no declarations.
import RFB from "@novnc/novnc";
import { createClient } from "graphql-ws/client";
import Reconnecting from "reconnecting-websocket";

// The library's declarations are those of its CommonJS build. esbuild takes the other one.
const ReconnectingWebSocket = Reconnecting as unknown as typeof Reconnecting.default;

declare global {
  var libraries: {
    reconnect(server: Server): Promise<unknown[]>;
    graphql(server: Server): Promise<unknown>;
    vnc(server: Server): Promise<unknown>;
  };
}

export type Server = { readonly url: string; readonly ca: string };

globalThis.libraries = {
  /** Sends a message, one that makes the server cut the connection, and one more. Returns the events. */
  reconnect: ({ url, ca }) =>
    new Promise((resolve) => {
      const socket = new ReconnectingWebSocket(`${url}/echo?from=page`, ["chat"], {
        WebSocket: secureWebSocket({ ca, carrier: "/messages" }),
        minReconnectionDelay: 10,
        connectionTimeout: 200_000,
      });
      const events: unknown[] = [];
      socket.onopen = () => {
        events.push(`open ${socket.protocol}`);
        socket.send(events.length === 1 ? "first" : "again");
      };
      socket.onmessage = ({ data }) => {
        events.push(data);
        if (data === "first") socket.send("cut");
        else socket.close(3000, "enough");
      };
      socket.onclose = ({ code, reason, wasClean }) => {
        events.push([code, reason, wasClean]);
        if (code === 3000) resolve(events);
      };
    }),

  /** Runs a query and a subscription. */
  async graphql({ url, ca }) {
    const client = createClient({
      url: `${url}/graphql`,
      webSocketImpl: secureWebSocket({ ca, carrier: "/messages" }),
      retryAttempts: 0,
    });
    const closed = new Promise((resolve) => client.on("closed", (event) => resolve((event as CloseEvent).code)));
    const hello = await client.iterate({ query: '{ hello(name: "page") }' }).next();
    const code = await closed;
    const counts: unknown[] = [];
    for await (const { data } of client.iterate({ query: "subscription { count }" })) {
      counts.push(data?.count);
      if (counts.length === 20) break;
    }
    await client.dispose();
    return { hello: hello.value, code, counts };
  },

  /** Shows a desktop of 2 x 2 pixels. Returns its name and the pixels, as RGB. */
  async vnc({ url, ca }) {
    const ByteSocket = secureByteSocket({ ca });
    const target = document.body.appendChild(document.createElement("div"));
    const rfb = new RFB(target, new ByteSocket(`${url}/vnc`));
    const happened = (type: string): Promise<CustomEvent> =>
      new Promise((resolve) => rfb.addEventListener(type, resolve, { once: true }));
    const disconnected = happened("disconnect");
    const name = happened("desktopname");
    await happened("connect");
    const pixels = await colourOf(target.querySelector("canvas") as HTMLCanvasElement);
    rfb.disconnect();
    return { name: (await name).detail.name, pixels, isClean: (await disconnected).detail.clean };
  },
};

/** Waits until the canvas is not black, and returns the RGB of its four pixels. */
async function colourOf(canvas: HTMLCanvasElement): Promise<number[]> {
  for (;;) {
    const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, 2, 2);
    const colours = [...data].filter((_, i) => i % 4 < 3);
    if (colours.some(Boolean)) return colours;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
