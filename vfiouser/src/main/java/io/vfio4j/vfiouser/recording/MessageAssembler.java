// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import io.vfio4j.vfiouser.wire.Header;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/** Splits the bytes that one direction of a socket carried into messages. */
final class MessageAssembler {

  private static final int INITIAL_CAPACITY = 256;

  private final int connection;
  private final int channel;
  private final boolean fromClient;
  private final int maxBytes;
  private byte[] buffer = new byte[INITIAL_CAPACITY];
  private int buffered;
  private long received;
  private long nanos;
  private boolean desynchronized;
  private final List<RecordedFd> fds = new ArrayList<>();
  /** The size in the current header, which may be any value; 0 until the header is complete. */
  private long size;

  MessageAssembler(int connection, int channel, boolean fromClient, int maxBytes) {
    this.connection = connection;
    this.channel = channel;
    this.fromClient = fromClient;
    this.maxBytes = Math.max(Header.SIZE, maxBytes);
  }

  /** Appends the bytes of an entry, and adds the messages that they complete to {@code ready}. */
  void add(RecordingEntry entry, Queue<? super RecordingEvent> ready) {
    nanos = entry.nanos();
    List<RecordingEvent.Message> complete = new ArrayList<>();
    MemorySegment data = entry.data();
    for (long at = 0; at < data.byteSize() && !desynchronized;) {
      at += append(data, at);
      if (received >= Header.SIZE && size < Header.SIZE) {
        desynchronized = true;
      } else if (received >= Header.SIZE && received == size) {
        complete.add(message());
      }
    }
    boolean isPartial = received > 0;
    if (isPartial || complete.isEmpty()) {
      fds.addAll(entry.fds());
    } else if (!entry.fds().isEmpty()) {
      // As for the receiver: they belong to the last message of the read.
      RecordingEvent.Message last = complete.removeLast();
      complete.add(
          new RecordingEvent.Message(connection, nanos, fromClient, channel,
              concat(last.fds(), entry.fds()),
              last.bytes(), last.size()));
    }
    ready.addAll(complete);
    if (desynchronized && received > 0) {
      ready.add(incomplete("a message of %d bytes, and the bytes after it".formatted(size)));
      received = 0;
    }
  }

  private static List<RecordedFd> concat(List<RecordedFd> first, List<RecordedFd> second) {
    List<RecordedFd> all = new ArrayList<>(first);
    all.addAll(second);
    return List.copyOf(all);
  }

  /**
   * Appends bytes to the current message, up to the end of its header or of its body. Returns how many were
   * used.
   */
  private long append(MemorySegment data, long at) {
    boolean hasHeader = received >= Header.SIZE;
    long missing = hasHeader ? size - received : Header.SIZE - received;
    long used = Math.min(missing, data.byteSize() - at);
    int copied = (int) Math.min(used, maxBytes - buffered);
    if (copied > 0) {
      if (buffer.length < buffered + copied) {
        buffer = Arrays.copyOf(buffer, Math.min(maxBytes, Math.max(buffer.length * 2, buffered + copied)));
      }
      MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, buffer, buffered, copied);
      buffered += copied;
    }
    received += used;
    if (!hasHeader && received == Header.SIZE) {
      size = Header.messageSize(MemorySegment.ofArray(buffer), 0);
    }
    return used;
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

  /** Ends the stream: adds an event for an incomplete message. */
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
