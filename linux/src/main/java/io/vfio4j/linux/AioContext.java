// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Adds 1 to an eventfd that may be a peer's, without any way to wait for it.
 *
 * <p>
 * A write to an eventfd whose peer has filled it waits, unless it is set not to block, which the peer can undo at any
 * time; and write is not among the calls that take a flag for it. But the kernel adds without waiting where it signals
 * by itself: at the end of an asynchronous operation, io_submit(2) with IOCB_FLAG_RESFD. The operation here is to poll
 * the eventfd for reading, writing or an error, one of which is always there, so that it ends at once.
 *
 * <pre>{@code
 * struct iocb {               // uapi/linux/aio_abi.h, little-endian
 *   __u64 aio_data;
 *   __u32 aio_key;
 *   __kernel_rwf_t aio_rw_flags;
 *   __u16 aio_lio_opcode;
 *   __s16 aio_reqprio;
 *   __u32 aio_fildes;
 *   __u64 aio_buf;
 *   __u64 aio_nbytes;
 *   __s64 aio_offset;
 *   __u64 aio_reserved2;
 *   __u32 aio_flags;
 *   __u32 aio_resfd;
 * };
 * }</pre>
 *
 * One for the process, made with the first signal and kept; calls follow each other.
 */
final class AioContext {

  private static final long IOCB_SIZE = 64;
  private static final long IOCB_OPCODE = 16;
  private static final long IOCB_FILE = 20;
  private static final long IOCB_EVENTS = 24;
  private static final long IOCB_FLAGS = 56;
  private static final long IOCB_EVENTFD = 60;
  private static final short IOCB_CMD_POLL = 5;
  private static final int IOCB_FLAG_RESFD = 1;

  /** The queue of what has ended lies in memory that the kernel shares, {@code struct aio_ring} of fs/aio.c. */
  private static final long RING_SIZE = 32;
  private static final long RING_HEAD = 8;
  private static final long RING_TAIL = 12;
  private static final long RING_MAGIC = 16;
  private static final int RING_MAGIC_VALUE = 0xa10a10a1;

  private static final boolean IS_ARM64 = System.getProperty("os.arch").equals("aarch64");
  /** Of asm/unistd.h; libc has no functions for these. */
  private static final long SYS_IO_SETUP = IS_ARM64 ? 0 : 206;
  private static final long SYS_IO_SUBMIT = IS_ARM64 ? 2 : 209;

  private static final MethodHandle IO_SETUP = Native.link("syscall",
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS), Linker.Option.firstVariadicArg(1));
  private static final MethodHandle IO_SUBMIT = Native.link("syscall",
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS),
      Linker.Option.firstVariadicArg(1));

  private static final @Nullable AioContext INSTANCE = create();

  private final ReentrantLock lock = new ReentrantLock();
  private final long context;
  private final MemorySegment ring;
  private final MemorySegment iocb;
  private final MemorySegment iocbs;

  private AioContext(long context) {
    this.context = context;
    ring = MemorySegment.ofAddress(context).reinterpret(RING_SIZE);
    iocb = Arena.global().allocate(IOCB_SIZE, Long.BYTES);
    iocbs = Arena.global().allocateFrom(ADDRESS, iocb);
    iocb.set(JAVA_SHORT, IOCB_OPCODE, IOCB_CMD_POLL);
    iocb.set(JAVA_LONG, IOCB_EVENTS, PollFd.POLLIN | PollFd.POLLOUT);
    iocb.set(JAVA_INT, IOCB_FLAGS, IOCB_FLAG_RESFD);
  }

  /** Returns the process's, or null where the system has no asynchronous operations, or gives none. */
  static @Nullable AioContext instance() {
    return INSTANCE;
  }

  private static @Nullable AioContext create() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment context = arena.allocate(JAVA_LONG);
      if (setup(context) != 0) {
        return null;
      }
      AioContext signal = new AioContext(context.get(JAVA_LONG, 0));
      return signal.ring.get(JAVA_INT, RING_MAGIC) == RING_MAGIC_VALUE ? signal : null;
    }
  }

  private static long setup(MemorySegment context) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) IO_SETUP.invokeExact(capture, SYS_IO_SETUP, 1, context), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  private long submit() {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) IO_SUBMIT.invokeExact(capture, SYS_IO_SUBMIT, context, 1L, iocbs), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /**
   * Adds 1; a full counter stays at the greatest number, which polls as an error too.
   *
   * @param number an acquired descriptor
   * @return 1, or a negated errno: EINVAL for what is no eventfd
   */
  long signal(int number) {
    lock.lock();
    try {
      iocb.set(JAVA_INT, IOCB_FILE, number);
      iocb.set(JAVA_INT, IOCB_EVENTFD, number);
      long result;
      do {
        // What has ended is taken note of by moving the head, as libaio does, without a call.
        ring.set(JAVA_INT, RING_HEAD, ring.get(JAVA_INT, RING_TAIL));
        result = submit();
      } while (result == -Errno.EINTR.number());
      return result;
    } finally {
      lock.unlock();
    }
  }
}
