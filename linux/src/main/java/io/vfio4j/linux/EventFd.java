// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.PollFd.POLLERR;
import static io.vfio4j.linux.PollFd.POLLHUP;
import static io.vfio4j.linux.PollFd.POLLIN;
import static io.vfio4j.linux.PollFd.POLLOUT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A counter in the kernel that can be waited for and passed on, eventfd(2). Safe for use by several threads.
 *
 * <p>
 * One from a peer may be set to block, or be no eventfd at all. {@link #signal()} and {@link #drain()} never wait
 * all the same, whatever the peer does with it meanwhile. (On a system without io_submit(2), as some containers are,
 * signalling looks before it writes, and a peer that fills a blocking one just in between holds the thread up.)
 */
public final class EventFd implements AutoCloseable {

  private static final int EFD_CLOEXEC = 0x80000;
  private static final int EFD_NONBLOCK = 0x800;
  private static final int RWF_NOWAIT = 8;

  private static final int COUNTER_SIZE = Long.BYTES;

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private final Fd fd;

  private EventFd(Fd fd) {
    this.fd = fd;
  }

  /**
   * Makes a counter at 0, which does not block.
   *
   * @throws LinuxException EMFILE at the process's limit
   */
  public static EventFd create() throws LinuxException {
    int number = FileCalls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return new EventFd(Fd.adopt(LinuxException.check(number, "eventfd", "a new eventfd"), "eventfd"));
  }

  /** Takes ownership of a descriptor, be it what it may. */
  public static EventFd of(Fd fd) {
    return new EventFd(fd);
  }

  /** Returns the descriptor, still owned by this object. */
  public Fd fd() {
    return fd;
  }

  /**
   * Adds 1. A full counter stays full, and readable.
   *
   * @throws LinuxException EBADF if it is closed; EINVAL for what is no eventfd
   */
  public void signal() throws LinuxException {
    AioContext signal = AioContext.instance();
    if (signal == null) {
      signalByWriting();
      return;
    }
    int number = fd.acquire("io_submit");
    try {
      LinuxException.check(signal.signal(number), "io_submit", fd.name());
    } finally {
      fd.release();
    }
  }

  /** Does as {@link #signal()}, but for one that blocks if it becomes full just now. */
  void signalByWriting() throws LinuxException {
    int number = fd.acquire("write");
    try {
      Scratch scratch = SCRATCH.get();
      if ((scratch.poll(fd, number, POLLOUT, 0) & POLLOUT) == 0) {
        return; // full
      }
      scratch.counter.set(JAVA_LONG, 0, 1);
      long written = FileCalls.write(number, scratch.counter, COUNTER_SIZE);
      if (written != -Errno.EAGAIN.number()) {
        checkCounterSize(written, "write");
      }
    } finally {
      fd.release();
    }
  }

  /**
   * Takes the counter, which is 0 then: preadv2(2) with RWF_NOWAIT, for which it does not matter whether the eventfd
   * is set to block.
   *
   * @return the unsigned counter, 0 if it was 0
   * @throws LinuxException EBADF if it is closed; EPROTO if it gives other than 8 bytes, so is no eventfd
   */
  public long drain() throws LinuxException {
    int number = fd.acquire("preadv2");
    try {
      Scratch scratch = SCRATCH.get();
      long read = FileCalls.preadv2(number, scratch.iovec, 1, -1, RWF_NOWAIT);
      if (read == -Errno.EAGAIN.number()) {
        return 0;
      }
      checkCounterSize(read, "preadv2");
      return scratch.counter.get(JAVA_LONG, 0);
    } finally {
      fd.release();
    }
  }

  /**
   * Waits until the counter is not 0, and leaves it.
   *
   * @return false at the timeout
   * @throws LinuxException EBADF if it is closed; EPIPE if what is no eventfd has hung up
   */
  public boolean await(Duration timeout) throws LinuxException {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("negative timeout " + timeout);
    }
    int number = fd.acquire("ppoll");
    try {
      int events = SCRATCH.get().poll(fd, number, POLLIN, TimeUnit.NANOSECONDS.convert(timeout));
      if ((events & POLLIN) == 0 && (events & (POLLHUP | POLLERR)) != 0) {
        throw new LinuxException("ppoll", fd.name(), Errno.EPIPE);
      }
      return events != 0;
    } finally {
      fd.release();
    }
  }

  private void checkCounterSize(long transferred, String function) throws LinuxException {
    if (LinuxException.check(transferred, function, fd.name()) != COUNTER_SIZE) {
      throw new LinuxException(function, fd.name(), Errno.EPROTO);
    }
  }

  @Override
  public void close() {
    fd.close();
  }

  /** What a thread's calls need in native memory, kept so that none allocates. */
  private static final class Scratch {

    private final MemorySegment pollFd = Arena.ofAuto().allocate(PollFd.SIZE, Integer.BYTES);
    private final MemorySegment timespec = Arena.ofAuto().allocate(Timespec.SIZE, Long.BYTES);
    private final MemorySegment counter = Arena.ofAuto().allocate(COUNTER_SIZE, Long.BYTES);
    private final MemorySegment iovec = Arena.ofAuto().allocate(IoVec.SIZE, Long.BYTES);

    private Scratch() {
      IoVec.set(iovec, 0, counter, 0);
    }

    /** Returns the events that came, 0 at the timeout. */
    private int poll(Fd fd, int number, short events, long timeoutNanos) throws LinuxException {
      PollFd.set(pollFd, 0, number, events);
      LinuxException.check(Ppoll.await(pollFd, 1, timespec, timeoutNanos), "ppoll", fd.name());
      return PollFd.revents(pollFd, 0);
    }
  }
}
