/**
 * The advice for a text without a PEM block of that label. The advice does not repeat the text, which may be a secret.
 */
export const noPemAdvice = (text: string, label: string): string =>
  /^[^\n\r]{1,1024}$/.test(text) && /[/\\.]/.test(text)
    ? "this looks like the name of a file: give the file's contents"
    : `expected PEM with -----BEGIN ${label}-----, or DER`;
