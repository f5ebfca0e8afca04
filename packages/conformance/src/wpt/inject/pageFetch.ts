import type { Fetch } from "@handclasp/node/fetch";

export interface PageFetchOptions {
  readonly ca: string;
  /** The address of the channels to the HTTP server. */
  readonly carrier: string;
  /** The URL of the page. */
  readonly page: URL;
}

type CreateFetch = (carrier: string, options: { ca: string; serverName: string; origin: string }) => Fetch;

/** A fetch over channels whose relative URLs are relative to the page, as the tests want. */
export function pageFetch(createFetch: CreateFetch, { ca, carrier, page }: PageFetchOptions): typeof fetch {
  const ours = createFetch(carrier, { ca, serverName: "localhost", origin: page.origin });
  const isRequest = (input: unknown): input is Request => input instanceof Request;
  return function fetch(input, init) {
    let given: URL | Request;
    try {
      given = isRequest(input) ? input : new URL(String(input), page);
    } catch (error) {
      return Promise.reject(error);
    }
    return ours(given, init as never);
  };
}
