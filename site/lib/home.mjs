/** The home page. */

const hero = {
  name: "Handclasp",
  text: "TLS 1.2 from a page to your service",
  tagline:
    "In TypeScript, client and server, in browsers and Node.js, carried inside a WebSocket. " +
    "You choose the CA or the pins, and the machines in the middle see only ciphertext.",
  image: {
    src: "/channel.svg",
    alt: "A page, a relay and a service. The relay carries a channel that it cannot read.",
  },
  actions: [
    { theme: "brand", text: "Start: a page", link: "/guide/start-page" },
    { theme: "alt", text: "Start: Node.js", link: "/guide/start-node" },
    { theme: "alt", text: "Why and when", link: "/guide/why" },
  ],
};

const features = [
  {
    title: "Trust that you choose",
    details: "An own CA, pins, or a hook. Without one of them, a connection fails before it sends a byte.",
    link: "/guide/private-ca",
  },
  {
    title: "Client certificates",
    details: "A script holds the key and the certificate. No dialog of the browser is involved.",
    link: "/guide/client-certificates",
  },
  {
    title: "Messages that are not lost",
    details: "The interface of WebSocket, and a socket that continues after its connection is cut.",
    link: "/guide/messages",
  },
  {
    title: "Ordinary TLS",
    details: "OpenSSL, Go and mbed TLS answer it. It is tested with BoringSSL's suite and nine implementations.",
    link: "/interop",
  },
  {
    title: "Errors that help",
    details: "Each failure has a code, a fault, and a remedy in a list.",
    link: "/errors",
  },
  {
    title: "A page that teaches",
    details: "A web component shows each byte of a handshake, and its meaning.",
    link: "/packages/inspector/overview",
  },
];

/** The front matter, in JSON, which is YAML too. */
export const home = `---\n${JSON.stringify({ layout: "home", hero, features }, null, 2)}\n---\n`;
