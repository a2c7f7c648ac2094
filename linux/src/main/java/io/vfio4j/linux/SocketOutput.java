// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** The sending half of a {@link UnixSocket}, which documents its methods. */
final class SocketOutput {

  private final Fd fd;
  /** Held while sending; guards message. */
  private final ReentrantLock lock = new ReentrantLock();
  private final SocketMessage message;

  /** Creates the sending half of a socket that owns the descriptor and the memory. */
  SocketOutput(Fd fd, Arena arena) {
    this.fd = fd;
    this.message = new SocketMessage(arena);
  }

  /** Returns the lock held while sending. */
  ReentrantLock lock() {
    return lock;
  }

  void send(MemorySegment head, MemorySegment tail, List<Fd> fds) throws LinuxException {
    check(head, tail, fds);
    lock.lock();
    try {
      int number = fd.acquire("sendmsg");
      try {
        long done = requireSent(sendFirst(number, head, tail, fds, 0));
        message.detach();
        long total = head.byteSize() + tail.byteSize();
        while (done < total) {
          done += requireSent(sendOnce(number, head, tail, done, 0));
        }
      } finally {
        fd.release();
      }
    } finally {
      lock.unlock();
    }
  }

  long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException {
    check(head, tail, fds);
    lock.lock();
    try {
      int number = fd.acquire("sendmsg");
      try {
        if (skip == 0 && !fds.isEmpty()) {
          return sendFirst(number, head, tail, fds, UnixSocket.MSG_DONTWAIT);
        }
        message.detach();
        return sendOnce(number, head, tail, skip, UnixSocket.MSG_DONTWAIT);
      } finally {
        fd.release();
      }
    } finally {
      lock.unlock();
    }
  }

  private static void check(MemorySegment head, MemorySegment tail, List<Fd> fds) {
    if (head.byteSize() == 0 && tail.byteSize() == 0) {
      throw new IllegalArgumentException("nothing to send: descriptors must accompany at least one byte");
    }
    if (fds.size() > SocketMessage.MAX_FDS) {
      throw new IllegalArgumentException(fds.size() + " descriptors; a message can carry at most "
          + SocketMessage.MAX_FDS);
    }
  }

  /** Sends with descriptors, which are acquired until the kernel has duplicated them. */
  private long sendFirst(int number, MemorySegment head, MemorySegment tail, List<Fd> fds, int flags)
      throws LinuxException {
    int acquired = 0;
    try {
      while (acquired < fds.size()) {
        fds.get(acquired).acquire("sendmsg");
        acquired++;
      }
      message.attach(fds);
      return sendOnce(number, head, tail, 0, flags);
    } finally {
      while (acquired > 0) {
        fds.get(--acquired).release();
      }
    }
  }

  private long sendOnce(int number, MemorySegment head, MemorySegment tail, long skip, int flags)
      throws LinuxException {
    long result;
    do {
      result = message.send(number, head, tail, skip, flags);
    } while (result == -Errno.EINTR.number());
    return result == -Errno.EAGAIN.number() ? UnixSocket.WOULD_BLOCK
        : LinuxException.check(result, "sendmsg", fd.name());
  }

  private long requireSent(long result) throws LinuxException {
    if (result == UnixSocket.WOULD_BLOCK) {
      throw new LinuxException("sendmsg", fd.name(), Errno.ETIMEDOUT);
    }
    return result;
  }
}
