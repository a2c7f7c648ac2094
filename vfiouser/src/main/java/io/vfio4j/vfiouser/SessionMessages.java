// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.vfiouser.recording.Recorded;
import io.vfio4j.vfiouser.recording.RecordingException;
import io.vfio4j.vfiouser.recording.RecordingReader;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts the messages of a recording together, which holds them as the system calls cut them. Takes any recording,
 * whatever is in it. For one thread.
 */
public final class SessionMessages {

  /** More streams at a time are in no recording that a server wrote: a bound for what is kept here. */
  private static final int MOST_STREAMS = 4096;

  private record Stream(int session, int channel, boolean fromClient) {
  }

  private final RecordingReader reader;
  private final int keep;
  private final Map<Stream, MessageAssembler> streams = new LinkedHashMap<>();
  private final ArrayDeque<SessionEvent> ready = new ArrayDeque<>();
  private boolean ended;
  private @Nullable RecordingException damage;

  /**
   * Begins to read.
   *
   * @param reader the recording, which stays the caller's
   * @param keep how many bytes of a message are kept, at most
   */
  public SessionMessages(RecordingReader reader, int keep) {
    this.reader = reader;
    this.keep = keep;
  }

  /**
   * Returns what comes next, or null at the end. Where the rest of a recording cannot be read, all that lies before
   * comes first.
   *
   * @throws RecordingException if the rest cannot be read
   */
  public @Nullable SessionEvent next() throws IOException {
    while (ready.isEmpty() && !ended) {
      read();
    }
    SessionEvent event = ready.poll();
    if (event == null && damage != null) {
      throw damage;
    }
    return event;
  }

  private void read() throws IOException {
    try {
      Recorded recorded = reader.next();
      if (recorded != null) {
        take(recorded);
        return;
      }
    } catch (RecordingException e) {
      damage = e;
    }
    ended = true;
    streams.values().forEach(stream -> stream.finish(ready));
    streams.clear();
  }

  private void take(Recorded recorded) throws IOException {
    switch (recorded.kind()) {
      case BEGUN -> ready.add(new SessionEvent.Begun(recorded.session(), recorded.nanos(), recorded.text()));
      case RECEIVED -> stream(recorded, true).add(recorded, ready);
      case SENT -> stream(recorded, false).add(recorded, ready);
      case ENDED -> {
        finish(recorded.session());
        ready.add(new SessionEvent.Ended(recorded.session(), recorded.nanos(), recorded.text()));
      }
    }
  }

  private MessageAssembler stream(Recorded recorded, boolean fromClient) throws IOException {
    Stream key = new Stream(recorded.session(), recorded.channel(), fromClient);
    MessageAssembler known = streams.get(key);
    if (known != null) {
      return known;
    }
    if (streams.size() >= MOST_STREAMS) {
      throw new IOException("more than %d sessions at a time".formatted(MOST_STREAMS / 2));
    }
    MessageAssembler begun = new MessageAssembler(recorded.session(), recorded.channel(), fromClient, keep);
    streams.put(key, begun);
    return begun;
  }

  private void finish(int session) {
    streams.entrySet().removeIf(entry -> {
      boolean isOver = entry.getKey().session() == session;
      if (isOver) {
        entry.getValue().finish(ready);
      }
      return isOver;
    });
  }
}
