/** HAProxy, with TLS outside, and a place for each process of the fleet. */
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { startListening } from "./programs.ts";

export interface Proxy {
  readonly process: ChildProcess;
  /** New connections of this place go to another port. Those that are open stay where they are. */
  point(place: number, port: number): Promise<void>;
}

/** Starts HAProxy on a port. `folder` has outer.pem, its certificate with the key. */
export async function startProxy(folder: string, port: number, ports: readonly number[]): Promise<Proxy> {
  const socket = `${folder}/haproxy.sock`;
  const configuration = `
global
  nbthread 1
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 90s
  timeout server 90s
  timeout tunnel 90s
  option forwardfor
frontend web
  bind 127.0.0.1:${port} ssl crt ${folder}/outer.pem
  default_backend fleet
backend fleet
  balance roundrobin
${ports.map((one, place) => `  server place${place} 127.0.0.1:${one}\n`).join("")}`;
  writeFileSync(`${folder}/haproxy.cfg`, configuration);
  const process = await startListening("haproxy", ["-f", `${folder}/haproxy.cfg`], port);
  return {
    process,
    point: (place, to) => command(socket, `set server fleet/place${place} addr 127.0.0.1 port ${to}`),
  };
}

const command = (path: string, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let answer = "";
    connect(path)
      .on("error", reject)
      .on("data", (bytes) => {
        answer += bytes;
      })
      // HAProxy says what it changed, and nothing if it failed.
      .on("end", () => (/changed/.test(answer) ? resolve() : reject(new Error(`HAProxy: ${answer}`))))
      .end(`${text}\n`);
  });
