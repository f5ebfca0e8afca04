/** Starts the example and prints where it is, then a line for everything that happens. */
import { type EchoEvent, startEchoServer } from "./echoServer.ts";

const server = await startEchoServer({
  port: Number(process.env.PORT ?? 8080),
  onEvent: (event) => console.log(describe(event)),
});
console.log(`Handclasp echo server: open ${server.url} in a browser. Ctrl-C ends it.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.close());
}

function describe(event: EchoEvent): string {
  switch (event.type) {
    case "established":
      return ["established", event.session.suite, event.session.group, event.session.serverName]
        .filter(Boolean)
        .join("  ");
    case "closed":
      return "closed       in order";
    case "error":
      return `failed       ${event.error.alert ?? event.error.code}, noticed by ${event.error.by === "us" ? "the server" : "the client"}: ${event.error.message}`;
  }
}
