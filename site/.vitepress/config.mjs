import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { slug } from "../../tools/lib/slug.mjs";
import { guide, pathOf, repository } from "../lib/pages.mjs";
import { base, baseVariable } from "../lib/relocate.mjs";

// The pages are rendered in this process too.
globalThis.handclaspBase = base;

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
const reference = path("../dist/source/reference");

export default {
  title: "Handclasp",
  description: "TLS 1.2 in TypeScript, client and server, in browsers and Node.js, carried inside a WebSocket",
  lang: "en",
  base,
  srcDir: path("../dist/source"),
  outDir: path("../dist/site"),
  cacheDir: path("../dist/cache"),
  // A visit to one page does not load the others.
  router: { prefetchLinks: false },
  head: [["meta", { name: "color-scheme", content: "light dark" }]],
  markdown: {
    anchor: { slugify: slug }, // links in this repository have the anchors of GitHub
    config: (md) => void md.core.ruler.push("empty-headers", withoutEmptyHeaders),
    languageAlias: { haproxy: "ini", caddy: "nginx" },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
  },
  // The theme gives the home page no main landmark.
  transformHtml: (html) => html.replace('<div class="VPContent is-home"', '<div role="main" class="VPContent is-home"'),
  vite: {
    define: { "import.meta.env.BASE_URL": baseVariable },
    build: { chunkSizeWarningLimit: 5000 },
  },
  themeConfig: {
    search: {
      provider: "local",
      options: {
        detailedView: false,
        miniSearch: {
          options: {
            // A name with underscores, such as that of an error, is a word, and its parts are words too. VitePress
            // writes this function into the pages.
            tokenize: (/** @type {string} */ text) =>
              text
                .split(/[^\p{L}\p{N}_]+/u)
                .flatMap((word) => (word.includes("_") ? [word, ...word.split("_")] : word))
                .filter(Boolean),
          },
          searchOptions: {
            // The entry of an error comes before everything else with its code.
            boostDocument: (/** @type {string} */ id, /** @type {string} */ term, /** @type {any} */ { title }) =>
              id.includes("errors") && String(title).toLowerCase() === term ? 8 : 1,
          },
        },
      },
    },
    outline: [2, 3],
    nav: [
      { text: "Guide", link: "/guide/why" },
      { text: "Errors", link: "/errors" },
      { text: "Threat model", link: "/security" },
      { text: "API", link: "/reference/" },
      { text: "Inside", link: "/architecture" },
    ],
    sidebar: {
      "/reference/": [{ text: "API reference", items: referenceItems() }],
      ...Object.fromEntries(repositoryPaths().map((path) => [path, repository.map(sectionOf)])),
      "/": guide.map(sectionOf),
    },
  },
};

/** A header of a table that has no text becomes an ordinary cell. @param {{tokens: any[]}} state */
function withoutEmptyHeaders({ tokens }) {
  for (const [i, token] of tokens.entries())
    if (token.type === "th_open" && tokens[i + 1].content === "")
      for (const one of [token, tokens[i + 2]]) one.tag = "td";
}

/** @param {import("../lib/pages.mjs").Group} group */
function sectionOf({ text, pages }) {
  return { text, items: Object.entries(pages).map(([title, source]) => ({ text: title, link: `/${pathOf(source)}` })) };
}

function repositoryPaths() {
  const paths = repository.flatMap(({ pages }) => Object.values(pages).map((source) => `/${pathOf(source)}`));
  return [...paths, "/adr/"];
}

function referenceItems() {
  if (!existsSync(reference)) return [];
  const pages = readdirSync(reference, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return pages.sort().map((name) => {
    const page = name.replaceAll("\\", "/").replace(/\.md$/, "");
    return { text: page === "index" ? "All entries" : page.replace(/\/index$/, ""), link: `/reference/${page}` };
  });
}
