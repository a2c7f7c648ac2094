// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import io.vfio4j.vfiouser.wire.Header;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/** Cuts the bytes that went one way over a socket into messages. */
final class MessageAssembler {

  private static final int FIRST_ROOM = 256;

  private final int connection;
  private final int channel;
  private final boolean fromClient;
  private final int maxBytes;
  private byte[] buffer = new byte[FIRST_ROOM];
  private int buffered;
  private long received;
  private long nanos;
  private boolean desynchronized;
  private final List<RecordedFd> fds = new ArrayList<>();
  /** Since a message's number of bytes comes from outside: how long it says it is, once its header is here. */
  private long size;

  MessageAssembler(int session, int channel, boolean fromClient, int keep) {
    this.connection = session;
    this.channel = channel;
    this.fromClient = fromClient;
    this.maxBytes = Math.max(Header.SIZE, keep);
  }

  /** Takes the next bytes, and adds the messages that they complete. */
  void add(RecordingEntry recorded, Queue<? super RecordingEvent> ready) {
    nanos = recorded.nanos();
    List<RecordingEvent.Message> complete = new ArrayList<>();
    MemorySegment data = recorded.data();
    for (long at = 0; at < data.byteSize() && !desynchronized;) {
      at += append(data, at);
      if (received >= Header.SIZE && size < Header.SIZE) {
        desynchronized = true;
      } else if (received >= Header.SIZE && received == size) {
        complete.add(message());
      }
    }
    boolean anyBegan = received > 0;
    if (anyBegan || complete.isEmpty()) {
      fds.addAll(recorded.fds());
    } else if (!recorded.fds().isEmpty()) {
      // As for whoever received it: they belong to the last message of the read.
      RecordingEvent.Message last = complete.removeLast();
      complete.add(
          new RecordingEvent.Message(connection, nanos, fromClient, channel,
              concat(last.fds(), recorded.fds()),
              last.bytes(), last.size()));
    }
    ready.addAll(complete);
    if (desynchronized && received > 0) {
      ready.add(incomplete("a message of %d bytes, and what follows it".formatted(size)));
      received = 0;
    }
  }

  private static List<RecordedFd> concat(List<RecordedFd> some, List<RecordedFd> others) {
    List<RecordedFd> all = new ArrayList<>(some);
    all.addAll(others);
    return List.copyOf(all);
  }

  /** Takes what belongs to the message that is being put together: its header, then its body. */
  private long append(MemorySegment data, long at) {
    boolean hasHeader = received >= Header.SIZE;
    long wanted = hasHeader ? size - received : Header.SIZE - received;
    long taken = Math.min(wanted, data.byteSize() - at);
    int copied = (int) Math.min(taken, maxBytes - buffered);
    if (copied > 0) {
      if (buffer.length < buffered + copied) {
        buffer = Arrays.copyOf(buffer, Math.min(maxBytes, Math.max(buffer.length * 2, buffered + copied)));
      }
      MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, buffer, buffered, copied);
      buffered += copied;
    }
    received += taken;
    if (!hasHeader && received == Header.SIZE) {
      size = Header.messageSize(MemorySegment.ofArray(buffer), 0);
    }
    return taken;
  }

  private RecordingEvent.Message message() {
    RecordingEvent.Message message =
        new RecordingEvent.Message(connection, nanos, fromClient, channel, List.copyOf(fds),
            MemorySegment.ofArray(Arrays.copyOf(buffer, buffered)), size);
    fds.clear();
    received = 0;
    buffered = 0;
    size = 0;
    return message;
  }

  /** Adds what is left at the end, if that is no whole message. */
  void finish(Queue<? super RecordingEvent> ready) {
    if (received > 0) {
      ready.add(incomplete(received < Header.SIZE ? "%d bytes of a header".formatted(received)
          : "%d of the %d bytes of a message".formatted(received, size)));
    }
  }

  private RecordingEvent.IncompleteMessage incomplete(String reason) {
    return new RecordingEvent.IncompleteMessage(connection, nanos, fromClient, channel, reason);
  }
}
