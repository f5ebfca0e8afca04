import * as tls from "@handclasp/node/tls";
import { type TlsModule, tlsSubject } from "./nodeTls.ts";
import type { Subject } from "./subject.ts";

/** The same code as for node:tls, on the same streams. */
const ours = tls as unknown as TlsModule;

export const tlsShapeOverWs: Subject = tlsSubject(ours, "ws");
export const tlsShapeOverTcp: Subject = tlsSubject(ours, "tcp");
