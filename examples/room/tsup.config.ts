import { defineConfig } from "tsup";
import { shared } from "../../tsup.base.ts";

export default defineConfig({ ...shared, entry: ["src/room.ts"] });
