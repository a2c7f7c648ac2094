// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts the messages of a recording together, which holds them as the system calls cut them. Takes any recording,
 * whatever is in it. For one thread.
 */
public final class RecordingEventReader {

  /** More streams at a time are in no recording that a server wrote: a bound for what is kept here. */
  private static final int MAX_STREAMS = 4096;

  private record StreamKey(int connection, int channel, boolean fromClient) {
  }

  private final RecordingReader reader;
  private final int maxBytes;
  private final Map<StreamKey, MessageAssembler> streams = new LinkedHashMap<>();
  private final ArrayDeque<RecordingEvent> ready = new ArrayDeque<>();
  private boolean ended;
  private @Nullable RecordingException readFailure;

  /**
   * Begins to read.
   *
   * @param reader the recording, which stays the caller's
   * @param keep how many bytes of a message are kept, at most
   */
  public RecordingEventReader(RecordingReader reader, int keep) {
    this.reader = reader;
    this.maxBytes = keep;
  }

  /**
   * Returns what comes next, or null at the end. Where the rest of a recording cannot be read, all that lies before
   * comes first.
   *
   * @throws RecordingException if the rest cannot be read
   */
  public @Nullable RecordingEvent next() throws IOException {
    while (ready.isEmpty() && !ended) {
      readEntry();
    }
    RecordingEvent event = ready.poll();
    if (event == null && readFailure != null) {
      throw readFailure;
    }
    return event;
  }

  private void readEntry() throws IOException {
    try {
      RecordingEntry recorded = reader.next();
      if (recorded != null) {
        handle(recorded);
        return;
      }
    } catch (RecordingException e) {
      readFailure = e;
    }
    ended = true;
    streams.values().forEach(stream -> stream.finish(ready));
    streams.clear();
  }

  private void handle(RecordingEntry recorded) throws IOException {
    switch (recorded.kind()) {
      case CONNECTED ->
        ready.add(new RecordingEvent.Connected(recorded.connection(), recorded.nanos(), recorded.text()));
      case RECEIVED -> stream(recorded, true).add(recorded, ready);
      case SENT -> stream(recorded, false).add(recorded, ready);
      case DISCONNECTED -> {
        finish(recorded.connection());
        ready.add(new RecordingEvent.Disconnected(recorded.connection(), recorded.nanos(), recorded.text()));
      }
    }
  }

  private MessageAssembler stream(RecordingEntry recorded, boolean fromClient) throws IOException {
    StreamKey key = new StreamKey(recorded.connection(), recorded.channel(), fromClient);
    MessageAssembler known = streams.get(key);
    if (known != null) {
      return known;
    }
    if (streams.size() >= MAX_STREAMS) {
      throw new IOException("more than %d sessions at a time".formatted(MAX_STREAMS / 2));
    }
    MessageAssembler begun =
        new MessageAssembler(recorded.connection(), recorded.channel(), fromClient, maxBytes);
    streams.put(key, begun);
    return begun;
  }

  private void finish(int session) {
    streams.entrySet().removeIf(entry -> {
      boolean isOver = entry.getKey().connection() == session;
      if (isOver) {
        entry.getValue().finish(ready);
      }
      return isOver;
    });
  }
}
