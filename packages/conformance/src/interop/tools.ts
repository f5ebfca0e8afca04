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
  { packages: ["redis-server"], programs: ["redis-server"] },
  { packages: ["haproxy"], programs: ["haproxy"] },
  { packages: ["mosquitto"], programs: ["mosquitto"] },
  { packages: ["postgresql"], programs: ["initdb", "postgres", "psql"] },
  { packages: ["mariadb-server"], programs: ["mariadbd", "mariadb-install-db"] },
  { packages: ["python3-aiosmtpd"], programs: ["aiosmtpd"] },
];
export const scan: readonly Tool[] = [
  { packages: ["sslscan"], programs: ["sslscan"] },
  { packages: ["testssl.sh"], programs: ["testssl"] },
];
