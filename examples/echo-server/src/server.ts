/** Starts the example, prints its address, and prints a line for every event. */
import { type EchoEvent, startEchoServer } from "./echoServer.ts";

const port = Number(process.env.PORT ?? 8080);
const server = await startEchoServer({ port, onEvent: (event) => console.log(describe(event)) }).catch(exitWithAdvice);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.close());
}
// Print this line last, because a program that reads it may stop this process at once.
console.log(`Handclasp echo server: open ${server.url} in a browser. Ctrl-C ends it.`);

/** Ends the process with an error message of one line that says what to do. Rethrows an unknown error. */
function exitWithAdvice(error: NodeJS.ErrnoException): never {
  const advice = "`PORT=0 npm start` uses a free one";
  const lines: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is used by another program: ${advice}`,
    EACCES: `this user may not listen on port ${port}: ${advice}`,
    ERR_SOCKET_BAD_PORT: `PORT=${process.env.PORT} is not a port number: ${advice}`,
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
      return "closed       cleanly";
    case "error": {
      const { alert, by, code, message } = event.error;
      const noticedBy = by === "us" ? "the server" : "the client";
      return `failed       ${alert ?? code}, noticed by ${noticedBy}: ${message}`;
    }
  }
}
