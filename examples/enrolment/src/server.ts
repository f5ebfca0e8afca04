/** Starts the example and prints its address. */
import { startDeviceServer } from "./deviceServer.ts";

const server = await startDeviceServer(Number(process.env.PORT ?? 8080));
process.once("SIGINT", () => void server.close());
console.log(`open ${server.url} in a browser. Ctrl-C ends it.`);
