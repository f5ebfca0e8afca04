/** Files of certificates that are replaced while a server runs: in place, by symbolic links, and badly. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, nodeCredential, type WatchFilesOptions, watchFiles } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { expect, onTestFinished, test, vi } from "vitest";

const ca = await testCa();
const issue = (commonName: string) => ca.issue({ names: ["localhost"], commonName });
type Issued = Awaited<ReturnType<typeof issue>>;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "handclasp-watch-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A server whose certificate comes from `tls.crt` and `tls.key` of a folder. */
async function serving(path: string, options: WatchFilesOptions = {}) {
  const files = [join(path, "tls.crt"), join(path, "tls.key")] as const;
  const load = vi.fn(() => ({
    credentials: nodeCredential({ cert: readFileSync(files[0]), key: readFileSync(files[1]) }),
  }));
  const server = createServer(load(), (channel) => channel.close());
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  const onError = vi.fn<(error: unknown) => void>();
  const onReload = vi.fn<() => void>();
  const watcher = watchFiles(files, () => server.reload(load()), { interval: 5, onError, onReload, ...options });
  onTestFinished(() => watcher.close());
  const { port } = (await server.listenTcp()).address() as { port: number };
  const subject = async (): Promise<string | undefined> =>
    (await connect(`tcp://localhost:${port}`, { ca: ca.pem })).session.peer?.certificate.subject.text;
  return { watcher, load, onError, onReload, subject };
}

function write(path: string, { cert }: Pick<Issued, "cert">, { key }: Pick<Issued, "key">): void {
  writeFileSync(join(path, "tls.crt"), cert);
  writeFileSync(join(path, "tls.key"), key);
}

const patience = { timeout: 60_000, interval: 5 };

test("files that are written in place are loaded once both stay the same", async () => {
  const path = folder();
  const [first, second] = [await issue("first"), await issue("second")];
  write(path, first, first);
  const { onReload, onError, subject } = await serving(path);
  expect(await subject()).toBe("CN=first");
  write(path, second, second);
  await vi.waitFor(() => expect(onReload).toHaveBeenCalled(), patience);
  expect(await subject()).toBe("CN=second");
  expect(onError).not.toHaveBeenCalled();
});

test("a swap of a symbolic link is noticed, as Kubernetes makes it", async () => {
  const path = folder();
  const publish = async (version: string): Promise<void> => {
    mkdirSync(join(path, version));
    const issued = await issue(version);
    write(join(path, version), issued, issued);
    symlinkSync(version, join(path, "..data_tmp"));
    renameSync(join(path, "..data_tmp"), join(path, "..data"));
  };
  await publish("v1");
  for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(path, name));
  const { onReload, onError, subject } = await serving(path);
  expect(await subject()).toBe("CN=v1");
  for (const version of ["v2", "v3"]) {
    onReload.mockClear();
    await publish(version);
    await vi.waitFor(() => expect(onReload).toHaveBeenCalled(), patience);
    expect(await subject()).toBe(`CN=${version}`);
  }
  expect(onError).not.toHaveBeenCalled();
});

test("with files that do not parse, do not match or are missing, the old certificate stays", async () => {
  const path = folder();
  const [first, second] = [await issue("first"), await issue("second")];
  write(path, first, first);
  const { onReload, onError, subject } = await serving(path);
  const expectError = async (expected: object): Promise<void> => {
    await vi.waitFor(() => expect(onError).toHaveBeenLastCalledWith(expect.objectContaining(expected)), patience);
    expect(await subject()).toBe("CN=first");
    onError.mockClear();
  };
  write(path, second, first);
  await expectError({ code: "key_mismatch" });
  write(path, { cert: "no certificate" }, first);
  await expectError({ code: "configuration" });
  rmSync(join(path, "tls.key"));
  await expectError({ code: "ENOENT" });
  expect(onReload).not.toHaveBeenCalled();
  write(path, second, second);
  await vi.waitFor(() => expect(onReload).toHaveBeenCalled(), patience);
  expect(await subject()).toBe("CN=second");
});

test("files that change while they are read are read again, without an error in between", async () => {
  const path = folder();
  const [first, second] = [await issue("first"), await issue("second")];
  write(path, first, first);
  const { load, onReload, onError, subject } = await serving(path);
  load.mockImplementationOnce(() => {
    // The program that renews the files is between the two: the certificate is new, the key is not.
    writeFileSync(join(path, "tls.key"), second.key);
    throw new Error("a mixture");
  });
  writeFileSync(join(path, "tls.crt"), second.cert);
  await vi.waitFor(() => expect(onReload).toHaveBeenCalled(), patience);
  expect(await subject()).toBe("CN=second");
  expect(onError).not.toHaveBeenCalled();
});

test("after close, files are no longer watched, and a listener that throws does not stop a watcher", async () => {
  const path = folder();
  const [first, second] = [await issue("first"), await issue("second")];
  write(path, first, first);
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => printed.mockRestore());
  const throwing = vi.fn(() => {
    throw new Error("of the listener");
  });
  const { watcher, load } = await serving(path, { onReload: throwing });
  write(path, second, second);
  await vi.waitFor(() => expect(throwing).toHaveBeenCalledTimes(1), patience);
  write(path, first, first);
  await vi.waitFor(() => expect(throwing).toHaveBeenCalledTimes(2), patience);
  expect(printed).toHaveBeenCalled();
  watcher.close();
  const loads = load.mock.calls.length;
  const other = vi.fn();
  const control = watchFiles([join(path, "tls.crt")], other, { interval: 5 });
  onTestFinished(() => control.close());
  write(path, second, second);
  await vi.waitFor(() => expect(other).toHaveBeenCalled(), patience);
  expect(load).toHaveBeenCalledTimes(loads);
});

test("wrong arguments", () => {
  const reload = (): void => {};
  expect(() => watchFiles([], reload)).toThrow("files");
  expect(() => watchFiles("tls.crt" as never, reload)).toThrow("files");
  expect(() => watchFiles(["tls.crt"], undefined as never)).toThrow("reload");
  expect(() => watchFiles(["tls.crt"], reload, { intervall: 5 } as never)).toThrow("interval");
  expect(() => watchFiles(["tls.crt"], reload, { interval: 0 })).toThrow("interval");
});

test("a reload that never settles has failed after a minute, and the next change is loaded", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const path = folder();
  const file = join(path, "tls.crt");
  writeFileSync(file, "1");
  const onError = vi.fn<(error: unknown) => void>();
  const reload = vi.fn<() => unknown>(() => new Promise(() => {}));
  const watcher = watchFiles([file], reload, { interval: 5, onError });
  onTestFinished(() => watcher.close());
  /** Each look of the watcher waits for the file system, which has no virtual clock. */
  const looks = (isDone: () => boolean): Promise<void> =>
    vi.waitUntil(async () => {
      await vi.advanceTimersByTimeAsync(5);
      return isDone();
    }, patience) as Promise<never>;
  writeFileSync(file, "22");
  await looks(() => reload.mock.calls.length === 1);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(onError).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  await looks(() => onError.mock.calls.length === 1);
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "hook_failed" }));
  writeFileSync(file, "333");
  await looks(() => reload.mock.calls.length === 2);
});

test("a file that does not exist is an error at once", () => {
  const path = join(folder(), "misspelt.crt");
  expect(() => watchFiles([path], () => {})).toThrow(
    expect.objectContaining({ code: "configuration", message: expect.stringMatching(/misspelt\.crt.*ENOENT/) }),
  );
});
