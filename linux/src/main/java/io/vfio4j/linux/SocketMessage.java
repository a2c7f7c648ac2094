// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A message of recvmsg(2) or sendmsg(2) in native memory: the header, two buffers, and space for as many
 * descriptors as the kernel allows in one message. Reused, by one thread at a time.
 */
final class SocketMessage {

  /** SCM_MAX_FD of {@code include/net/scm.h}. */
  static final int MAX_FDS = 253;

  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  private static final long CONTROL_SIZE = CmsgHdr.space(MAX_FDS * Integer.BYTES);

  private final MemorySegment header;
  private final MemorySegment iovecs;
  private final MemorySegment control;

  SocketMessage(Arena arena) {
    header = arena.allocate(MsgHdr.SIZE, Long.BYTES);
    iovecs = arena.allocate(2 * IoVec.SIZE, Long.BYTES);
    control = arena.allocate(CONTROL_SIZE, Long.BYTES);
  }

  /**
   * Receives once, as {@link SocketCalls#recvmsg}; descriptors received are added to {@code fds}.
   *
   * @throws LinuxException EMFILE if the kernel dropped descriptors: there is space for all, so the process
   *     has too many. Those received are in {@code fds}
   */
  long receive(Fd socket, int number, MemorySegment into, ReceivedFds fds, int flags) throws LinuxException {
    IoVec.set(iovecs, 0, into, 0);
    MsgHdr.iov(header, iovecs, 1);
    MsgHdr.control(header, control, CONTROL_SIZE);
    long received = SocketCalls.recvmsg(number, header, flags | MSG_CMSG_CLOEXEC, into);
    if (received >= 0) {
      collect(socket, fds);
    }
    return received;
  }

  private void collect(Fd socket, ReceivedFds fds) throws LinuxException {
    long end = MsgHdr.controlLength(header);
    for (long at = 0; end - at >= CmsgHdr.SIZE; at += CmsgHdr.align(CmsgHdr.length(control, at))) {
      if (CmsgHdr.isRights(control, at)) {
        collect(socket, at + CmsgHdr.SIZE, at + CmsgHdr.length(control, at), fds);
      }
    }
    if ((MsgHdr.flags(header) & MSG_CTRUNC) != 0) {
      throw new LinuxException("recvmsg", socket.name(), Errno.EMFILE);
    }
  }

  private void collect(Fd socket, long from, long to, ReceivedFds fds) {
    for (long at = from; at < to; at += Integer.BYTES) {
      int number = control.get(JAVA_INT, at);
      fds.add(Fd.adopt(number, "fd " + number + " from " + socket.name()));
    }
  }

  /** Sets the descriptors for the next {@link #send}; the caller has acquired them. */
  void attach(List<Fd> fds) {
    if (fds.isEmpty()) {
      detach();
      return;
    }
    long dataSize = (long) fds.size() * Integer.BYTES;
    CmsgHdr.rights(control, 0, dataSize);
    for (int i = 0; i < fds.size(); i++) {
      control.setAtIndex(JAVA_INT, CmsgHdr.SIZE / Integer.BYTES + i, fds.get(i).acquiredNumber());
    }
    MsgHdr.control(header, control, CmsgHdr.space(dataSize));
  }

  /** Clears the descriptors for the next {@link #send}. */
  void detach() {
    MsgHdr.control(header, MemorySegment.NULL, 0);
  }

  /**
   * Sends once, as {@link SocketCalls#sendmsg}, without the first {@code skip} bytes of head and tail
   * together.
   */
  long send(int number, MemorySegment head, MemorySegment tail, long skip, int flags) {
    long skipOfHead = Math.min(skip, head.byteSize());
    IoVec.set(iovecs, 0, head, skipOfHead);
    IoVec.set(iovecs, 1, tail, skip - skipOfHead);
    MsgHdr.iov(header, iovecs, 2);
    return SocketCalls.sendmsg(number, header, flags | MSG_NOSIGNAL, head, tail);
  }
}
