import { usageError } from "@handclasp/core/unstable";
import { nodeError } from "./errors.ts";
import { SecureContext } from "./secureContext.ts";

/**
 * Always throws. node:tls has deprecated this function; its successor is `TLSSocket` over a Duplex.
 * @throws TypeError `ERR_TLS_INVALID_CONTEXT` without a context; TlsError `usage` with one
 */
export function createSecurePair(context?: unknown): never {
  if (context instanceof SecureContext)
    throw usageError("createSecurePair is deprecated: use new TLSSocket(duplex, { isServer, secureContext })");
  throw nodeError("ERR_TLS_INVALID_CONTEXT", "context must be a SecureContext", { type: TypeError });
}
