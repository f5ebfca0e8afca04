/**
 * The fields of a handshake message with their positions, so that an inspector can label every byte. The codecs that
 * the handshake uses decide the positions.
 * @module
 */
import { type Readable, Reader } from "../bytes/reader.ts";
import { messageHeaderLength, messageName } from "../wire/messages.ts";
import { bodyOf } from "./bodies.ts";
import { certificateFields } from "./certificateFields.ts";
import type { Field } from "./field.ts";
import { extensionCodec, extensionRegistry, type Registry, valueText } from "./registries.ts";
import { sectionOf } from "./sections.ts";

/**
 * Returns the fields of a handshake message. A field comes before the fields inside it, so the last field that contains
 * a byte is the most exact one. Every byte is in at least one field, also if the message is malformed.
 * @param message the message with its header, as in the trace event `handshake`
 * @param suite the name of the agreed cipher suite, on which the format of the key exchange depends
 * @example
 * const trace: TraceListener = (event) => {
 *   if (event.type !== "handshake") return;
 *   for (const { path, start, end } of layout(event.bytes)) console.log(start, end, path);
 * };
 */
export function layout(message: Uint8Array, suite?: string): readonly Field[] {
  const id = message[0] ?? -1;
  const name = messageName(id);
  const fields: Field[] = [
    { path: "msg_type", isLength: false, start: 0, end: 1, section: "RFC 5246 §7.4", value: `${name} (${id})` },
    {
      path: "length",
      isLength: true,
      start: 1,
      end: messageHeaderLength,
      section: "RFC 5246 §7.4",
      value: String(message.length - messageHeaderLength),
    },
  ];
  const body = message.subarray(messageHeaderLength);
  if (body.length === 0) return fields;
  fields.push({
    path: "body",
    isLength: false,
    start: messageHeaderLength,
    end: message.length,
    section: sectionOf(name, "", suite),
  });
  const codec = bodyOf(id, suite);
  if (codec) fields.push(...read(codec, body, messageHeaderLength, (path) => sectionOf(name, path, suite)));
  return fields.flatMap((field) => [field, ...inside(field, fields, message, name)]);
}

/** The fields in the data of an extension, and in a certificate. */
function inside(field: Field, all: readonly Field[], message: Uint8Array, name: string): readonly Field[] {
  if (field.isLength) return [];
  const bytes = contentOf(field, all, message);
  const start = field.end - bytes.length;
  if (name === "certificate" && /^certificateList\[\d+\]$/.test(field.path))
    return certificateFields(bytes).map((inner) => ({
      ...inner,
      path: `${field.path}.${inner.path}`,
      start: start + inner.start,
      end: start + inner.end,
    }));
  if (!/^extensions\[\d+\]\.data$/.test(field.path)) return [];
  const type = all.find(({ path }) => path === field.path.replace(/data$/, "type"));
  const typeNumber = type ? ((message[type.start] ?? 0) << 8) | (message[type.start + 1] ?? 0) : -1;
  const codec = extensionCodec(typeNumber);
  return codec
    ? read(codec, bytes, start, () => field.section, { prefix: field.path, registry: extensionRegistry(typeNumber) })
    : [];
}

/** The bytes of a field without its length. */
function contentOf(field: Field, all: readonly Field[], message: Uint8Array): Uint8Array {
  const length = all.find(({ path, isLength, start }) => isLength && path === field.path && start === field.start);
  return message.subarray(length?.end ?? field.start, field.end);
}

/** Reads `bytes` with a codec. Returns no fields if they are malformed. */
function read(
  codec: Readable<unknown>,
  bytes: Uint8Array,
  offset: number,
  section: (path: string) => string,
  { prefix = "", registry }: { readonly prefix?: string; readonly registry?: Registry | undefined } = {},
): readonly Field[] {
  const fields: Field[] = [];
  try {
    const reader = new FieldReader(bytes, offset, prefix, { fields, registry });
    codec.read(reader);
    reader.end();
  } catch {
    return [];
  }
  return fields.map((field) => ({
    ...field,
    section: section(field.path),
    // An extension's section depends on its type, which is in another field.
    ...(/^extensions\[\d+\]/.test(field.path) && prefix === "" && { section: extensionSection(field.path, fields) }),
  }));
}

function extensionSection(path: string, fields: readonly Field[]): string {
  const entry = /^extensions\[\d+\]/.exec(path)?.[0] ?? "";
  const type = fields.find((field) => field.path === `${entry}.type`);
  return sectionOf("extension", type?.value ?? "");
}

/** The fields so far, and the registry of numbers without a name. */
interface Output {
  readonly fields: Field[];
  readonly registry: Registry | undefined;
}

/** A reader that notes where each field is. */
class FieldReader extends Reader {
  readonly #total: number;
  readonly #offset: number;
  readonly #output: Output;
  /** The position and value of the number that was read last, which is a length if `within` follows. */
  #last: { readonly start: number; readonly value: number } | undefined;
  #path: string;

  constructor(bytes: Uint8Array, offset: number, path: string, output: Output) {
    super(bytes, path);
    this.#total = bytes.length;
    this.#offset = offset;
    this.#path = path;
    this.#output = output;
  }

  get #position(): number {
    return this.#offset + this.#total - this.left;
  }

  override uint(width: number): number {
    const start = this.#position;
    const value = super.uint(width);
    this.#last = { start, value };
    return value;
  }

  override within<T>(length: number, inner: Readable<T>): T {
    if (this.#last?.value === length)
      this.#output.fields.push({
        path: this.#path,
        isLength: true,
        start: this.#last.start,
        end: this.#position,
        section: "",
        value: String(length),
      });
    this.#last = undefined;
    const start = this.#position;
    const part = new FieldReader(this.take(length), start, this.#path, this.#output);
    const value = inner.read(part);
    part.end();
    return value;
  }

  override field<T>(name: string | number, inner: Readable<T>): T {
    const parent = this.#path;
    const path = typeof name === "number" ? `${parent}[${name}]` : parent ? `${parent}.${name}` : name;
    const { fields, registry } = this.#output;
    const index = fields.length;
    const start = this.#position;
    this.#path = path;
    const value = super.field(name, inner);
    this.#path = parent;
    this.#last = undefined;
    const text = valueText(value, path, registry);
    const field = { path, isLength: false, start, end: this.#position, section: "" };
    fields.splice(index, 0, text === undefined ? field : { ...field, value: text });
    return value;
  }
}
