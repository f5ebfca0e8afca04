/** The program for workerd, which runs code only to answer a request. */
import { connect, defaultProvider } from "@handclasp/browser";
import { browserCredential } from "@handclasp/browser/credential";
import { runProgram } from "./program.ts";

export default {
  async fetch(): Promise<Response> {
    const report = await runProgram(() => ({
      provider: defaultProvider(),
      credential: browserCredential,
      hasRawRsa: false,
      connect,
    }));
    return Response.json(report);
  },
};
