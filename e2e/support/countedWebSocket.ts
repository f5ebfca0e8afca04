/**
 * Counts the bytes that WebSockets give to our code. This must be the first module of the page: Handclasp takes the
 * page's WebSocket when it is loaded.
 */
export const counted = { received: 0, onReceived: (): void => {} };

globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL) {
    super(url);
    // This listener is the first one, so it counts a message before the transport gets it.
    this.addEventListener("message", ({ data }) => {
      counted.received += data.byteLength ?? 0;
      counted.onReceived();
    });
  }
};
