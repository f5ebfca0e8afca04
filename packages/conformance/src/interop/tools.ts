/**
 * The programs that `pnpm interop` and `pnpm scan` install if they are missing.
 * @module
 */
import { peers } from "./peers/all.ts";

export interface Tool {
  readonly packages: readonly string[];
  readonly programs: readonly string[];
}

export const interop: readonly Tool[] = [
  ...peers,
  { packages: ["tshark"], programs: ["tshark", "dumpcap"] },
  { packages: ["postgresql"], programs: ["psql", "pg_ctlcluster"] },
];
export const scan: readonly Tool[] = [
  { packages: ["sslscan"], programs: ["sslscan"] },
  { packages: ["testssl.sh"], programs: ["testssl"] },
];
