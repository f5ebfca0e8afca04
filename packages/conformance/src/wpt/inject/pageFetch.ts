import type { Fetch } from "@handclasp/node/fetch";

export interface PageFetchOptions {
  readonly ca: string;
  /** The address of the channels to the HTTP server. */
  readonly carrier: string;
  /** The URL of the page. */
  readonly page: URL;
}

interface Options {
  readonly ca: string;
  readonly serverName: string;
  readonly origin: string;
  readonly route: (
    origin: URL,
  ) => { readonly url: string; readonly ca: string; readonly serverName: string } | undefined;
}

type CreateFetch = (carrier: string, options: Options) => Fetch;

/** A fetch over channels whose relative URLs are relative to the page, as the tests want. */
export function pageFetch(createFetch: CreateFetch, { ca, carrier, page }: PageFetchOptions): typeof fetch {
  const trust = { ca, serverName: "localhost" };
  // The same server is another origin of some tests.
  const route = ({ hostname }: URL) => (hostname === "127.0.0.1" ? { url: carrier, ...trust } : undefined);
  const ours = createFetch(carrier, { ...trust, origin: page.origin, route });
  const isRequest = (input: unknown): input is Request => input instanceof Request;
  return function fetch(input, init) {
    let given: URL | Request;
    try {
      given = isRequest(input) ? input : new URL(String(input), page);
    } catch (error) {
      return Promise.reject(error);
    }
    return ours(given, init);
  };
}
