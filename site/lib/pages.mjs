/** The pages of the site, in the order of the sidebar. Paths are those of the sources in this repository. */

/** @typedef {{text: string, pages: Record<string, string>}} Group */

/** The sidebar of most pages. @type {Group[]} */
export const guide = [
  {
    text: "Begin",
    pages: {
      "Why, when, and when not": "docs/guide/why.md",
      "Quick start: a page": "docs/guide/start-page.md",
      "Quick start: Node.js": "docs/guide/start-node.md",
      "Quick start: tests": "docs/guide/start-tests.md",
      Overview: "README.md",
      Glossary: "docs/guide/glossary.md",
    },
  },
  {
    text: "How to",
    pages: {
      "Messages and reconnecting": "docs/guide/messages.md",
      "Certificates and a private CA": "docs/guide/private-ca.md",
      Pins: "docs/guide/pins.md",
      "Client certificates from a page": "docs/guide/client-certificates.md",
      "Enrolment: a page's own certificate": "docs/guide/enrolment.md",
      Resumption: "docs/guide/resumption.md",
      "A fleet: several processes": "docs/guide/fleet.md",
      "Deployment and capacity": "docs/guide/capacity.md",
      "Behind nginx, HAProxy, Caddy or a CDN": "docs/guide/proxies.md",
      "Express, Fastify, Hono, http2, ws": "docs/guide/frameworks.md",
      "React, Vue and workers": "docs/guide/ui.md",
      "Databases from a page": "docs/guide/databases.md",
      "Debugging: key log, Wireshark, --trace": "docs/guide/debugging.md",
      "Testing with Playwright": "docs/guide/playwright.md",
    },
  },
  {
    text: "Moving from",
    pages: {
      WebSocket: "docs/guide/from-websocket.md",
      "node:tls": "docs/guide/from-node-tls.md",
      "node-forge": "docs/guide/from-node-forge.md",
      "NaCl or Noise": "docs/guide/from-nacl.md",
    },
  },
  {
    text: "Reference",
    pages: {
      Errors: "docs/errors.md",
      "Threat model": "SECURITY.md",
      Performance: "docs/performance.md",
      "RFC coverage": "docs/rfc-coverage.md",
      Interoperability: "docs/interop.md",
      Changelog: "CHANGELOG.md",
    },
  },
  {
    text: "In depth",
    pages: {
      "WebSockets in a channel": "docs/websocket.md",
      "Their server": "docs/websocket-server.md",
      "Sockets that reconnect": "docs/reconnect.md",
      fetch: "docs/fetch.md",
      "HTTP in Node.js": "docs/http.md",
      "Sockets and STARTTLS": "docs/sockets.md",
      "Databases and brokers": "docs/databases.md",
      "The shape of node:tls": "docs/node-tls.md",
      "Rules for certificates": "docs/certificates.md",
      "Ends of a connection": "docs/ends.md",
      "Limits of a server": "docs/admission.md",
      "Changing a running server": "docs/reload.md",
      "Metrics and logs": "docs/observability.md",
      "Framing of messages": "docs/message-framing.md",
    },
  },
];

/** The sidebar of the pages about this repository. @type {Group[]} */
export const repository = [
  {
    text: "Packages",
    pages: {
      "@handclasp/browser": "packages/browser/README.md",
      "@handclasp/node": "packages/node/README.md",
      "@handclasp/redis": "packages/redis/README.md",
      "@handclasp/core": "packages/core/README.md",
      "@handclasp/websocket": "packages/websocket/README.md",
      "@handclasp/fetch": "packages/fetch/README.md",
      "@handclasp/inspector": "packages/inspector/README.md",
      "@handclasp/testing": "packages/testing/README.md",
      "handclasp, the command line": "packages/cli/README.md",
    },
  },
  {
    text: "Examples",
    pages: {
      "A handshake, step by step": "examples/echo-server/README.md",
      "A fleet behind HAProxy": "examples/fleet/README.md",
      "A certificate for a browser": "examples/enrolment/README.md",
      "A room of messages": "examples/room/README.md",
      React: "examples/react/README.md",
      Vue: "examples/vue/README.md",
      "A worker for all tabs": "examples/worker/README.md",
    },
  },
  {
    text: "Inside",
    pages: {
      Architecture: "ARCHITECTURE.md",
      Decisions: "docs/adr/README.md",
      Contributing: "CONTRIBUTING.md",
      "Tests of other projects": "packages/conformance/README.md",
      "BoringSSL's suite": "docs/bogo.md",
      Scanners: "docs/scan.md",
      "Web platform tests": "docs/wpt.md",
      "Web platform tests of fetch": "docs/wpt-fetch.md",
    },
  },
];

/** All pages except the decisions. */
export const groups = [...guide, ...repository];

/** The documents of this repository, as patterns of git. */
export const patterns = ["*.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md"];

/**
 * Returns the path of a page in the site, without its extension.
 *
 * @param {string} source its path in this repository
 */
export const pathOf = (source) =>
  source
    .replace(/^docs\//, "")
    .replace(/\.md$/, "")
    .replace(/(^|\/)README$/, "$1overview")
    .toLowerCase();
