/** Writes the reference of the packages' public entries, with TypeDoc. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Application } from "typedoc";

/**
 * Writes a page for each entry, named as programs import it.
 *
 * @param {string} root this repository
 * @param {string} out the folder of the pages, which is emptied
 */
export async function reference(root, out) {
  const specifiers = entries(root);
  const application = await Application.bootstrapWithPlugins({
    entryPoints: [...specifiers.keys()].map((file) => join(root, "packages", file)),
    tsconfig: join(root, "site/tsconfig.reference.json"),
    plugin: ["typedoc-plugin-markdown"],
    // @ts-expect-error: an option of the plugin. One page for each entry.
    outputs: [{ name: "markdown", path: out }],
    outputFileStrategy: "modules",
    entryFileName: "index",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    typeDeclarationFormat: "table",
    name: "API reference",
    readme: "none",
    sortEntryPoints: false,
    // @ts-expect-error: an option of the plugin
    tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true, leftAlignHeaders: true },
    disableSources: true,
    excludeInternal: true,
    excludeExternals: true, // a socket inherits hundreds of members of Node.js
    excludePrivate: true,
    githubPages: false,
    skipErrorChecking: true, // `tsc -b` checks the types
    validation: false,
    logLevel: "Error",
  });
  const project = await application.convert();
  if (!project) throw new Error("TypeDoc has no project");
  for (const [file, specifier] of specifiers) {
    const module = project.children?.find(({ name }) => name === file.replace(/(\/index)?\.ts$/, ""));
    if (!module) throw new Error(`TypeDoc has no module for ${file}`);
    module.name = specifier;
  }
  await application.generateOutputs(project);
  removeSuffixes(out);
}

/**
 * Removes the suffix from the names of some pages. TypeDoc appends it to an entry that has the name of a function apart
 * from its case, and to links to `TlsErrorCode`, because it takes the name of `TlsError.code` for the same.
 *
 * @param {string} folder
 */
function removeSuffixes(folder) {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  for (const page of pages) {
    const path = join(folder, page);
    writeFileSync(
      path,
      readFileSync(path, "utf8")
        .replaceAll(/-1\.md\b/g, ".md")
        .replaceAll("#tlserrorcode-1", "#tlserrorcode"),
    );
    renameSync(path, path.replace(/-1\.md$/, ".md"));
  }
}

/**
 * Returns the names of the entries by their files in packages/.
 *
 * @param {string} root
 * @returns {Map<string, string>}
 */
function entries(root) {
  // A type that several entries export is described at the first of them.
  const first = ["core", "websocket", "fetch"];
  const others = readdirSync(join(root, "packages")).filter((folder) => !first.includes(folder));
  const pairs = [...first, ...others].flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"));
    if (manifest.private) return [];
    /** @type {[string, {"handclasp-source": string}][]} */
    const exports = Object.entries(manifest.exports ?? {});
    return exports.map(
      ([path, { "handclasp-source": source }]) =>
        /** @type {const} */ ([join(folder, source), manifest.name + path.slice(1)]),
    );
  });
  return new Map(pairs);
}
