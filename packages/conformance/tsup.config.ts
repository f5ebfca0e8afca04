import { defineConfig } from "tsup";
import { shared } from "../../tsup.base.ts";

export default defineConfig({
  ...shared,
  external: ["esbuild", "ioredis", "jsdom", "playwright"],
  entry: {
    limbo: "src/x509/main.ts",
    tools: "src/interop/tools.ts",
    "bogo-shim": "src/bogo/main.ts",
    "bogo-failing": "src/bogo/failing.ts",
    bogo: "src/bogo/run.ts",
    wpt: "src/wpt/main.ts",
    "wpt-child": "src/wpt/engines/child.ts",
    runtimes: "src/runtimes/main.ts",
    "runtimes-jsdom": "src/runtimes/launch/jsdom.ts",
    flood: "src/flood/main.ts",
    "flood-load": "src/flood/load.ts",
    "flood-server": "src/flood/server.ts",
    soak: "src/soak/main.ts",
    "soak-clients": "src/soak/clients.ts",
    "soak-server": "src/soak/server.ts",
    "node-tls": "src/nodeTls/main.ts",
    "node-tls-preload": "src/nodeTls/preload.ts",
    hostile: "src/hostile/main.ts",
    "hostile-victim": "src/hostile/victim.ts",
    "hostile-floor": "src/hostile/floor.ts",
  },
});
