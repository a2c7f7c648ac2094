// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.PollFd.POLLERR;
import static io.vfio4j.linux.PollFd.POLLHUP;
import static io.vfio4j.linux.PollFd.POLLIN;
import static io.vfio4j.linux.PollFd.POLLOUT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.model.Errno;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A counter in the kernel that can be waited for and passed to other processes, eventfd(2). Thread-safe.
 *
 * <p>
 * A descriptor from a peer may be blocking, or not an eventfd at all. {@link #signal()} and {@link #drain()}
 * never block, whatever the peer does with it. (On a system without io_submit(2), such as some containers, a
 * signal polls before it writes; a peer that fills a blocking eventfd between the two blocks the thread.)
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
   * Creates a counter of 0, with O_NONBLOCK.
   *
   * @throws LinuxException EMFILE at the process's limit
   */
  public static EventFd create() throws LinuxException {
    int number = FileCalls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return new EventFd(Fd.adopt(LinuxException.check(number, "eventfd", "a new eventfd"), "eventfd"));
  }

  /** Takes ownership of a descriptor, without checking that it is an eventfd. */
  public static EventFd of(Fd fd) {
    return new EventFd(fd);
  }

  /** Returns whether the descriptor really is an eventfd, as far as the system shows (in {@code /proc/self/fd}). */
  public boolean isGenuine() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(fd.number()))).toString()
          .startsWith("anon_inode:[eventfd");
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the descriptor, still owned by this object. */
  public Fd fd() {
    return fd;
  }

  /**
   * Adds 1. A full counter remains full, and readable.
   *
   * @throws LinuxException EBADF if it is closed, EINVAL if it is not an eventfd
   */
  public void signal() throws LinuxException {
    AioContext aio = AioContext.instance();
    if (aio == null) {
      signalByWriting();
      return;
    }
    int number = fd.acquire("io_submit");
    try {
      LinuxException.check(aio.signal(number), "io_submit", fd.name());
    } finally {
      fd.release();
    }
  }

  /** Like {@link #signal()}, but blocks if a blocking eventfd becomes full between poll and write. */
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
   * Reads the counter and sets it to 0, preadv2(2) with RWF_NOWAIT, which does not block even without
   * O_NONBLOCK.
   *
   * @return the counter, unsigned; 0 if it was 0
   * @throws LinuxException EBADF if it is closed; EPROTO if a read does not return 8 bytes, so it is not an
   *     eventfd
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
   * Waits until the counter is not 0, and does not change it.
   *
   * @return false at the timeout
   * @throws LinuxException EBADF if it is closed; EPIPE if it is not an eventfd and has hung up
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

  /** Native memory for the calls of one thread, kept so that they do not allocate. */
  private static final class Scratch {

    private final MemorySegment pollFd = Arena.ofAuto().allocate(PollFd.SIZE, Integer.BYTES);
    private final MemorySegment timespec = Arena.ofAuto().allocate(Timespec.SIZE, Long.BYTES);
    private final MemorySegment counter = Arena.ofAuto().allocate(COUNTER_SIZE, Long.BYTES);
    private final MemorySegment iovec = Arena.ofAuto().allocate(IoVec.SIZE, Long.BYTES);

    private Scratch() {
      IoVec.set(iovec, 0, counter, 0);
    }

    /** Returns the events that occurred; 0 at the timeout. */
    private int poll(Fd fd, int number, short events, long timeoutNanos) throws LinuxException {
      PollFd.set(pollFd, 0, number, events);
      LinuxException.check(Ppoll.await(pollFd, 1, timespec, timeoutNanos), "ppoll", fd.name());
      return PollFd.revents(pollFd, 0);
    }
  }
}
