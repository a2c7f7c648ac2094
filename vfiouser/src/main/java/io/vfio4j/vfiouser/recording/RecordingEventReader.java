// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reassembles the messages of a recording, which contains the data of system calls. Accepts any recording,
 * with any contents. Not thread-safe.
 */
public final class RecordingEventReader {

  /** Bounds the memory. A server does not write recordings with more simultaneous streams. */
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
   * Makes a reader of events.
   *
   * @param reader the recording, which remains the caller's
   * @param maxBytes maximum number of bytes kept of a message
   */
  public RecordingEventReader(RecordingReader reader, int maxBytes) {
    this.reader = reader;
    this.maxBytes = maxBytes;
  }

  /**
   * Returns the next event, or null at the end. If the rest of the recording is damaged, all events before
   * the damage are returned first.
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
      RecordingEntry entry = reader.next();
      if (entry != null) {
        handle(entry);
        return;
      }
    } catch (RecordingException e) {
      readFailure = e;
    }
    ended = true;
    streams.values().forEach(stream -> stream.finish(ready));
    streams.clear();
  }

  private void handle(RecordingEntry entry) throws IOException {
    switch (entry.kind()) {
      case CONNECTED ->
        ready.add(new RecordingEvent.Connected(entry.connection(), entry.nanos(), entry.text()));
      case RECEIVED -> stream(entry, true).add(entry, ready);
      case SENT -> stream(entry, false).add(entry, ready);
      case DISCONNECTED -> {
        finish(entry.connection());
        ready.add(new RecordingEvent.Disconnected(entry.connection(), entry.nanos(), entry.text()));
      }
    }
  }

  private MessageAssembler stream(RecordingEntry entry, boolean fromClient) throws IOException {
    StreamKey key = new StreamKey(entry.connection(), entry.channel(), fromClient);
    MessageAssembler existing = streams.get(key);
    if (existing != null) {
      return existing;
    }
    if (streams.size() >= MAX_STREAMS) {
      throw new IOException("more than %d simultaneous connections".formatted(MAX_STREAMS / 2));
    }
    MessageAssembler added =
        new MessageAssembler(entry.connection(), entry.channel(), fromClient, maxBytes);
    streams.put(key, added);
    return added;
  }

  private void finish(int connection) {
    streams.entrySet().removeIf(stream -> {
      boolean isOver = stream.getKey().connection() == connection;
      if (isOver) {
        stream.getValue().finish(ready);
      }
      return isOver;
    });
  }
}
