/** The program with @handclasp/node: for Node.js, and for the runtimes that have Node.js's modules. */
import { connect, nodeCredential, nodeCrypto } from "@handclasp/node";
import { runProgram } from "./program.ts";

await runProgram(() => ({ provider: nodeCrypto, credential: nodeCredential, hasRawRsa: true, connect }));
process.exit(0);
