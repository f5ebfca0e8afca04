/**
 * Builds the documentation as a static site in `site/dist`, for any host and any path: `pnpm docs:build`.
 *
 * Its pages are the documents of this repository and a reference that TypeDoc makes of the packages' entries. The site
 * loads nothing from other hosts.
 */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vitepress";
import { home } from "./lib/home.mjs";
import { deadLinks } from "./lib/links.mjs";
import { reference } from "./lib/reference.mjs";
import { relocate } from "./lib/relocate.mjs";
import { stage } from "./lib/stage.mjs";
import { limit, weigh } from "./lib/weight.mjs";

const site = fileURLToPath(new URL(".", import.meta.url));
const root = join(site, "..");
const source = join(site, "dist/source");
const output = join(site, "dist/site");

stage(root, source);
writeFileSync(join(source, "index.md"), home);
cpSync(join(site, "public"), join(source, "public"), { recursive: true });
// `--same-reference` takes the reference of the last build, because TypeDoc takes most of the time.
if (!process.argv.includes("--same-reference")) await reference(root, join(site, "dist/reference"));
cpSync(join(site, "dist/reference"), join(source, "reference"), { recursive: true });
await build(site);
relocate(output);

const weights = weigh(output);
for (const { page, bytes } of weights.slice(0, 5)) console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${page}`);
const heavy = weights.filter(({ bytes }) => bytes > limit);
console.log(`${weights.length} pages, ${heavy.length} above ${limit / 1000} kB (gzip)`);
const dead = deadLinks(output);
for (const one of dead) console.log(one);
process.exitCode = heavy.length + dead.length > 0 ? 1 : 0;
