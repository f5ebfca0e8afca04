/** The code of a page that uses `fetch` over channels. scriptPage.ts bundles this file. */
import { TlsError } from "@handclasp/browser";
import { createFetch } from "@handclasp/browser/fetch";
import { toBase64 } from "@handclasp/core/unstable";

export type FetchServer = { readonly url: string; readonly ca: string };

declare global {
  var fetching: {
    /** Responses of all kinds. */
    responses(server: FetchServer): Promise<unknown>;
    /** Sends a body of each kind, and returns what the server received. */
    bodies(server: FetchServer): Promise<unknown>;
    /** Aborts a request at each place. */
    aborts(server: FetchServer): Promise<unknown>;
    /** Returns the outcome of a raw response, which the server sends for each path. */
    outcome(server: FetchServer & { readonly path: string }): Promise<string>;
  };
}

const fetchTo = ({ url, ca }: FetchServer, maxConnections = 6): ReturnType<typeof createFetch> =>
  createFetch(url, { ca, serverName: "localhost", maxConnections });

const nameOf = (error: unknown): string => (error instanceof Error || error instanceof DOMException ? error.name : "");

async function outcomeOf(promise: Promise<string>): Promise<string> {
  try {
    return `resolved ${await promise}`;
  } catch (error) {
    const cause: unknown = error instanceof TypeError ? error.cause : undefined;
    return TlsError.is(cause) ? `${nameOf(error)} ${cause.code}` : nameOf(error);
  }
}

globalThis.fetching = {
  async responses(server) {
    const fetch = fetchTo(server, 1);
    const json = await fetch("/json?a=b#c", { headers: { cookie: "a=b", "x-a": "é" } });
    const { url, status, type } = json;
    const { headers } = await json.json();
    const gzip = await fetch("/gzip");
    const deflate = await fetch("/deflate");
    const head = await fetch("/json", { method: "HEAD" });
    const moved = await fetch("/moved");
    const none = await fetch("/none", { redirect: "manual" });
    const result = {
      json: [json instanceof Response, url, status, type, headers.cookie, headers["x-a"], headers.host],
      gzip: [headers["accept-encoding"].includes("gzip"), await gzip.text(), gzip.headers.get("content-encoding")],
      deflate: await deflate.text(),
      head: [head.status, head.body],
      moved: [moved.url, moved.redirected, await moved.text()],
      none: [none.status, none.statusText, await none.clone().text(), none.clone().url],
    };
    await fetch.close();
    return result;
  },

  async bodies(server) {
    const fetch = fetchTo(server);
    const form = new FormData();
    form.set("name", "value");
    form.set("file", new Blob(["content"], { type: "text/x" }), "file.x");
    const stream = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start(controller) {
          for (const text of ["ab", "cd"]) controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      });
    const bodies: Record<string, BodyInit> = {
      text: "é",
      bytes: new Uint8Array([1, 2, 3]),
      blob: new Blob(["blob"], { type: "text/x" }),
      form,
      params: new URLSearchParams({ a: "b c" }),
      stream: stream(),
    };
    const received: Record<string, unknown> = {};
    for (const [name, body] of Object.entries(bodies)) {
      const response = await fetch("/echo", { method: "POST", body, duplex: "half" });
      received[name] = [
        response.headers.get("x-framing"),
        response.headers.get("x-type")?.replace(/boundary=.*/, "boundary"),
        name === "form" ? Object.keys(Object.fromEntries(await response.formData())) : await base64Of(response),
      ];
    }
    const base = "https://localhost/echo";
    const request = new Request(base, { method: "PUT", body: "request", headers: { "x-a": "b" } });
    received.request = await base64Of(await fetch(request));
    await fetch.close();
    return received;
  },

  async aborts(server) {
    const fetch = fetchTo(server);
    const before = await outcomeOf(fetch("/json", { signal: AbortSignal.abort() }).then(({ url }) => url));
    const waiting = new AbortController();
    const slow = fetch("/never", { signal: waiting.signal });
    // The response of a later request shows that the server has got the first one.
    await (await fetch("/json")).text();
    waiting.abort();
    const streaming = new AbortController();
    const response = await fetch("/endless", { signal: streaming.signal });
    const reader = response.body?.getReader();
    const first = (await reader?.read())?.value?.length;
    streaming.abort(new RangeError("mine"));
    const whileStreaming = await outcomeOf(Promise.resolve(reader?.read()).then(() => "a piece"));
    await fetch.close();
    return { before, whileWaiting: await outcomeOf(slow.then(({ url }) => url)), first, whileStreaming };
  },

  outcome({ path, ...server }) {
    return outcomeOf(fetchTo(server)(path).then((response) => response.text()));
  },
};

const base64Of = async (response: Response): Promise<string> => toBase64(new Uint8Array(await response.arrayBuffer()));
