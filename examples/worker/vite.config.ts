import { room } from "@handclasp/example-room";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [room()],
  server: { host: "127.0.0.1" },
  worker: { format: "es" }, // With the default format, the worker contains the parts of Handclasp that load late.
});
