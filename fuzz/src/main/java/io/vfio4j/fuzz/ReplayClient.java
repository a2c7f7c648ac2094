// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.vfiouser.recording.RecordKind;
import io.vfio4j.vfiouser.recording.RecordedFd;
import io.vfio4j.vfiouser.recording.RecordingEntry;
import io.vfio4j.vfiouser.server.InMemoryClient;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Replays the client's side of a recorded connection, at the times of the recording. Memory that it shares
 * has the recorded size and is zero.
 */
final class ReplayClient implements InMemoryClient, AutoCloseable {

  private static final long MAX_MEMORY = 1L << 40;

  private final ArrayDeque<RecordingEntry> records;
  private final ManualClock clock;
  private final List<Fd> fds = new ArrayList<>();
  private final List<byte[]> received = new ArrayList<>();

  ReplayClient(RecordedConnection connection, ManualClock clock) {
    this.clock = clock;
    this.records = new ArrayDeque<>(connection.records().stream()
        .filter(record -> record.kind() == RecordKind.RECEIVED && record.channel() == 0).toList());
  }

  /** Returns the messages that the server sent. */
  List<byte[]> received() {
    return received;
  }

  @Override
  public List<Piece> next() {
    RecordingEntry next = records.poll();
    if (next == null) {
      return List.of();
    }
    clock.advanceTo(next.nanos());
    return List.of(new Piece(next.data(), next.fds().stream().map(this::createFd).toList()));
  }

  private Fd createFd(RecordedFd recorded) {
    try {
      Fd fd = RecordedConnection.isMemory(recorded)
          ? Memfd.create("replayed", Math.clamp(recorded.size(), 0, MAX_MEMORY))
          : EventFd.create().fd();
      fds.add(fd);
      return fd;
    } catch (LinuxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public boolean isReady(long nanos) {
    RecordingEntry next = records.peek();
    if (next == null || next.nanos() <= clock.now() + nanos) {
      return true;
    }
    clock.advance(nanos);
    return false;
  }

  @Override
  public void receive(MemorySegment head, MemorySegment tail, List<Fd> withFds) {
    received.add(
        new ByteWriter().bytes(RecordedConnection.bytes(head)).bytes(RecordedConnection.bytes(tail))
            .toArray());
  }

  @Override
  public void close() {
    fds.forEach(Fd::close);
  }
}
