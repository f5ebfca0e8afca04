import type { Behaviour, Request } from "./behaviours.ts";
import type { ByteStream, FrameReader } from "./frames.ts";
import { Peer } from "./peer.ts";

/** Serves an open WebSocket, and closes it. */
export async function serve(
  stream: ByteStream,
  reader: FrameReader,
  behaviour: Behaviour,
  request: Request,
): Promise<void> {
  const peer = new Peer(stream, reader, behaviour.answerClose ?? (() => ({ code: 1000 })));
  try {
    await behaviour.run?.(peer, request);
    await peer.close(1000);
  } catch {
    // The client went away while the server sent. The test in the page says whether that was right.
    stream.abort();
  }
}
