// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.vfiouser.recording.Recorded;
import io.vfio4j.vfiouser.recording.RecordedFd;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/** Cuts the bytes that went one way over a socket into messages. */
final class MessageAssembler {

  private static final int FIRST_ROOM = 256;

  private final int session;
  private final int channel;
  private final boolean fromClient;
  private final int keep;
  private byte[] kept = new byte[FIRST_ROOM];
  private int keptSize;
  private long came;
  private long nanos;
  private boolean lost;
  private final List<RecordedFd> fds = new ArrayList<>();
  /** Since a message's number of bytes comes from outside: how long it says it is, once its header is here. */
  private long size;

  MessageAssembler(int session, int channel, boolean fromClient, int keep) {
    this.session = session;
    this.channel = channel;
    this.fromClient = fromClient;
    this.keep = Math.max(Header.SIZE, keep);
  }

  /** Takes the next bytes, and adds the messages that they complete. */
  void add(Recorded recorded, Queue<? super SessionEvent> ready) {
    nanos = recorded.nanos();
    List<SessionEvent.Message> complete = new ArrayList<>();
    MemorySegment data = recorded.data();
    for (long at = 0; at < data.byteSize() && !lost;) {
      at += take(data, at);
      if (came >= Header.SIZE && size < Header.SIZE) {
        lost = true;
      } else if (came >= Header.SIZE && came == size) {
        complete.add(message());
      }
    }
    boolean anyBegan = came > 0;
    if (anyBegan || complete.isEmpty()) {
      fds.addAll(recorded.fds());
    } else if (!recorded.fds().isEmpty()) {
      // As for whoever received it: they belong to the last message of the read.
      SessionEvent.Message last = complete.removeLast();
      complete.add(
          new SessionEvent.Message(session, nanos, fromClient, channel, joined(last.fds(), recorded.fds()),
              last.bytes(), last.size()));
    }
    ready.addAll(complete);
    if (lost && came > 0) {
      ready.add(remains("a message of %d bytes, and what follows it".formatted(size)));
      came = 0;
    }
  }

  private static List<RecordedFd> joined(List<RecordedFd> some, List<RecordedFd> others) {
    List<RecordedFd> all = new ArrayList<>(some);
    all.addAll(others);
    return List.copyOf(all);
  }

  /** Takes what belongs to the message that is being put together: its header, then its body. */
  private long take(MemorySegment data, long at) {
    boolean hasHeader = came >= Header.SIZE;
    long wanted = hasHeader ? size - came : Header.SIZE - came;
    long taken = Math.min(wanted, data.byteSize() - at);
    int copied = (int) Math.min(taken, keep - keptSize);
    if (copied > 0) {
      if (kept.length < keptSize + copied) {
        kept = Arrays.copyOf(kept, Math.min(keep, Math.max(kept.length * 2, keptSize + copied)));
      }
      MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, kept, keptSize, copied);
      keptSize += copied;
    }
    came += taken;
    if (!hasHeader && came == Header.SIZE) {
      size = Header.messageSize(MemorySegment.ofArray(kept), 0);
    }
    return taken;
  }

  private SessionEvent.Message message() {
    SessionEvent.Message message =
        new SessionEvent.Message(session, nanos, fromClient, channel, List.copyOf(fds),
            MemorySegment.ofArray(Arrays.copyOf(kept, keptSize)), size);
    fds.clear();
    came = 0;
    keptSize = 0;
    size = 0;
    return message;
  }

  /** Adds what is left at the end, if that is no whole message. */
  void finish(Queue<? super SessionEvent> ready) {
    if (came > 0) {
      ready.add(remains(came < Header.SIZE ? "%d bytes of a header".formatted(came)
          : "%d of the %d bytes of a message".formatted(came, size)));
    }
  }

  private SessionEvent.Remains remains(String reason) {
    return new SessionEvent.Remains(session, nanos, fromClient, channel, reason);
  }
}
