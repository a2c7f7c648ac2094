// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.vfiouser.wire.MessageTransport;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A transport that records its traffic. It exists only during a recording. */
@SuppressWarnings("exports") // Only the server uses it.
public final class RecordingTransport implements MessageTransport {

  /** The channel number of the socket that the client connected. */
  public static final int MAIN_SOCKET = 0;
  private static final int TWIN_SOCKET = 1;

  private final MessageTransport transport;
  private final Recording.Connection connection;
  private final int channel;

  public RecordingTransport(MessageTransport transport, Recording.Connection connection, int channel) {
    this.transport = transport;
    this.connection = connection;
    this.channel = channel;
  }

  @Override
  public int receive(MemorySegment into, ReceivedFds fds) throws LinuxException {
    int fdsBefore = fds.count();
    return received(transport.receive(into, fds), into, fds, fdsBefore);
  }

  @Override
  public int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException {
    int fdsBefore = fds.count();
    return received(transport.receiveNow(into, fds), into, fds, fdsBefore);
  }

  private int received(int received, MemorySegment into, ReceivedFds fds, int fdsBefore) {
    if (received > 0) {
      List<Fd> newFds = new ArrayList<>();
      for (int i = fdsBefore; i < fds.count(); i++) {
        newFds.add(fds.peek(i));
      }
      connection.recordReceived(channel, into.asSlice(0, received), newFds);
    }
    return received;
  }

  @Override
  public void setUnbounded(boolean forever) throws LinuxException {
    transport.setUnbounded(forever);
  }

  @Override
  public int receiveAll(MemorySegment into) throws LinuxException {
    int received = transport.receiveAll(into);
    if (received > 0) {
      connection.recordReceived(channel, into.asSlice(0, received), List.of());
    }
    return received;
  }

  @Override
  public long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException {
    long taken = transport.sendNow(head, tail, skip, fds);
    if (taken > 0) {
      long fromHead = Math.min(skip, head.byteSize());
      long ofHead = Math.min(taken, head.byteSize() - fromHead);
      connection.recordSent(channel, head.asSlice(fromHead, ofHead),
          tail.asSlice(skip - fromHead, taken - ofHead),
          skip == 0 ? fds : List.of());
    }
    return taken;
  }

  @Override
  public int awaitWritable(boolean orReadable, long timeoutNanos) throws LinuxException {
    return transport.awaitWritable(orReadable, timeoutNanos);
  }

  @Override
  public boolean awaitReadable(long timeoutNanos) throws LinuxException {
    return transport.awaitReadable(timeoutNanos);
  }

  @Override
  public int awaitReadable(Fd alarm, long timeoutNanos) throws LinuxException {
    return transport.awaitReadable(alarm, timeoutNanos);
  }

  @Override
  public MessageTransport wrapTwin(MessageTransport bare) {
    return new RecordingTransport(bare, connection, TWIN_SOCKET);
  }

  @Override
  public void shutdown() {
    transport.shutdown();
  }

  @Override
  public void close() {
    transport.close();
  }
}
