/** What to do about a text without the block that was looked for. The text itself may be a secret, and is not repeated. */
export const noPemAdvice = (text: string, label: string): string =>
  /^[^\n\r]{1,1024}$/.test(text) && /[/\\.]/.test(text)
    ? "that looks like the name of a file: give the file's contents"
    : `expected PEM with -----BEGIN ${label}-----, or DER`;
