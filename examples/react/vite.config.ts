import { room } from "@handclasp/example-room";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [react(), room()], server: { host: "127.0.0.1" } });
