import { room } from "@handclasp/example-room";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [vue(), room()], server: { host: "127.0.0.1" } });
