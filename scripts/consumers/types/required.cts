/** Uses of the packages in a CommonJS program. scripts/consumers.mjs compiles this file and never runs it. */
import core = require("@handclasp/core");
import node = require("@handclasp/node");

export const isOurs = (error: unknown): error is core.TlsError => core.TlsError.is(error);

export const open = (ca: string): Promise<core.TlsConnection> => node.connect("tcp://localhost:8443", { ca });
