// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.vfiouser.InMemoryClient;
import io.vfio4j.vfiouser.recording.RecordKind;
import io.vfio4j.vfiouser.recording.Recorded;
import io.vfio4j.vfiouser.recording.RecordedFd;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A client that says what one said in a recording, when it said it by the recording's clock. Memory that it hands over
 * is as large as it was, and zeros.
 */
final class ReplayedClient implements InMemoryClient, AutoCloseable {

  private static final long MOST_MEMORY = 1L << 40;

  private final ArrayDeque<Recorded> records;
  private final ManualClock clock;
  private final List<Fd> fds = new ArrayList<>();
  private final List<byte[]> received = new ArrayList<>();

  ReplayedClient(RecordedSession session, ManualClock clock) {
    this.clock = clock;
    this.records = new ArrayDeque<>(session.records().stream()
        .filter(record -> record.kind() == RecordKind.RECEIVED && record.channel() == 0).toList());
  }

  /** Returns what the server sent: messages. */
  List<byte[]> received() {
    return received;
  }

  @Override
  public List<Piece> next() {
    Recorded next = records.poll();
    if (next == null) {
      return List.of();
    }
    clock.reach(next.nanos());
    return List.of(new Piece(next.data(), next.fds().stream().map(this::make).toList()));
  }

  private Fd make(RecordedFd recorded) {
    try {
      Fd made = RecordedSession.isMemory(recorded)
          ? Memfd.create("replayed", Math.clamp(recorded.size(), 0, MOST_MEMORY))
          : EventFd.create().fd();
      fds.add(made);
      return made;
    } catch (LinuxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public boolean isReady(long nanos) {
    Recorded next = records.peek();
    if (next == null || next.nanos() <= clock.now() + nanos) {
      return true;
    }
    clock.pass(nanos);
    return false;
  }

  @Override
  public void receive(MemorySegment head, MemorySegment tail, List<Fd> withFds) {
    received.add(
        new Session.Bytes().bytes(RecordedSession.bytes(head)).bytes(RecordedSession.bytes(tail)).toArray());
  }

  @Override
  public void close() {
    fds.forEach(Fd::close);
  }
}
