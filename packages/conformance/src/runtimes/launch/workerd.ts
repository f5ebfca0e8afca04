import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { freePort, untilListening } from "../../interop/programs.ts";
import type { Launch } from "./launch.ts";
import { fromNpm, launch, versionOf } from "./processes.ts";

/** A date up to which workerd behaves in its newest way. */
const compatibilityDate = "2026-11-01";

/** Starts workerd with the program as its only worker, and sends the request by which it starts. */
export const launchWorkerd =
  (npm: string): Launch =>
  async ({ file }) => {
    const path = await fromNpm(npm, "workerd");
    const port = await freePort();
    const config = join(dirname(file), "workerd.capnp");
    await writeFile(config, configuration(basename(file), port));
    const launched = launch(path, ["serve", config]);
    const started = untilListening(() =>
      fetch(`http://127.0.0.1:${port}/`).catch((error: Error & { cause?: { code?: string } }) => {
        if (error.cause?.code === "ECONNREFUSED") Object.assign(error, { code: "connection_refused" });
        throw error;
      }),
    );
    const failed = started.then(async (response) => {
      if (!response.ok) throw new Error(`workerd answers ${response.status}: ${await response.text()}`);
      return new Promise<never>(() => {});
    });
    const ended = Promise.race([launched.ended, failed]);
    ended.catch(() => {});
    return { ...launched, ended, version: await versionOf(path) };
  };

/** The network "local" contains the loopback addresses, where the runner is. */
const configuration = (file: string, port: number): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "${file}")],
      compatibilityDate = "${compatibilityDate}",
      globalOutbound = "loopback",
    )),
    (name = "loopback", network = (allow = ["local", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
