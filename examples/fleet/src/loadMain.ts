/** `pnpm --filter @handclasp/example-fleet load URL FOLDER`: load until Ctrl-C, with a line each second. */
import { readFileSync } from "node:fs";
import { startLoad } from "./load.ts";

const [url = "", folder = ""] = process.argv.slice(2);
const load = startLoad({ url, ca: readFileSync(`${folder}/ca.pem`, "utf8"), clients: 50, lines: 100, pause: 0 });
setInterval(() => {
  const { connections, resumed, resumedElsewhere, lost, failures, processes } = load.result;
  console.log(
    `${connections} connections have ended, ${resumed} of them resumed (${resumedElsewhere} at another process), ` +
      `${lost} lines lost, ${failures.length} failed${failures.length ? `: ${String(failures.at(-1))}` : ""}, ` +
      `${processes.size} processes have answered so far`,
  );
}, 1_000);
process.once("SIGINT", () => void load.stop().then(() => process.exit()));
