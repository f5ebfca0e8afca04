/** Starts the example and prints where it is, then a line for everything that happens. */
import { type EchoEvent, startEchoServer } from "./echoServer.ts";

const port = Number(process.env.PORT ?? 8080);
const server = await startEchoServer({ port, onEvent: (event) => console.log(describe(event)) }).catch(refuse);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.close());
}
// Last: who reads it may end us at once.
console.log(`Handclasp echo server: open ${server.url} in a browser. Ctrl-C ends it.`);

/** One line that says what to do. */
function refuse(error: NodeJS.ErrnoException): never {
  const advice = "`PORT=0 npm start` takes a free one";
  const lines: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is taken by another program: ${advice}`,
    EACCES: `port ${port} is not ours to take: ${advice}`,
    ERR_SOCKET_BAD_PORT: `PORT=${process.env.PORT} is no port: ${advice}`,
  };
  const line = lines[error.code ?? ""];
  if (line === undefined) throw error;
  console.error(line);
  process.exit(1);
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
