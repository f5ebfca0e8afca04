/**
 * Forms as multipart/form-data (RFC 7578, and "multipart/form-data encoding algorithm" of the HTML standard). The
 * platform can write them too, but WebKit refuses a form with a file outside its own fetch.
 * @module
 */

/** The form as one Blob, which refers to the files of the form. Its type has the boundary. */
export function multipart(form: FormData): Blob {
  const random = crypto.getRandomValues(new Uint8Array(16));
  const boundary = `----handclasp${Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const parts: BlobPart[] = [];
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(withLineEnds(name))}"`;
    if (typeof value === "string") parts.push(`${head}\r\n\r\n${withLineEnds(value)}\r\n`);
    else {
      const type = value.type || "application/octet-stream";
      parts.push(`${head}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value, "\r\n");
    }
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts, { type: `multipart/form-data; boundary=${boundary}` });
}

const withLineEnds = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");

/** A quote or a line end would end the name. */
const escaped = (text: string): string => text.replace(/[\r\n"]/g, encodeURIComponent);
