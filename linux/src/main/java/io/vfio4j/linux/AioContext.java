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
 * Adds 1 to an eventfd, possibly shared with a peer, without ever blocking.
 *
 * <p>
 * A write to an eventfd whose peer has filled it blocks, unless O_NONBLOCK is set, which the peer can clear
 * at any time; and there is no flag for a single write. But the kernel does not block when it signals an
 * eventfd itself, at the end of an asynchronous operation: io_submit(2) with IOCB_FLAG_RESFD. The operation
 * used here polls the eventfd for reading, writing or an error, one of which is always pending, so that it
 * ends at once.
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
 * There is one context for the process, created with the first signal and kept. Signals are serialized.
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

  /** The queue of completions lies in memory shared with the kernel, {@code struct aio_ring} of fs/aio.c. */
  private static final long RING_SIZE = 32;
  private static final long RING_HEAD = 8;
  private static final long RING_TAIL = 12;
  private static final long RING_MAGIC = 16;
  private static final int RING_MAGIC_VALUE = 0xa10a10a1;

  private static final boolean IS_ARM64 = System.getProperty("os.arch").equals("aarch64");
  /** Numbers of asm/unistd.h; libc has no functions for these calls. */
  private static final long SYS_IO_SETUP = IS_ARM64 ? 0 : 206;
  private static final long SYS_IO_SUBMIT = IS_ARM64 ? 2 : 209;

  private static final MethodHandle IO_SETUP = Native.link("syscall",
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS), Linker.Option.firstVariadicArg(1));
  private static final MethodHandle IO_SUBMIT = Native.link("syscall",
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS),
      Linker.Option.firstVariadicArg(1));

  private static final @Nullable AioContext INSTANCE = create();

  /** Guards iocb and ring. */
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

  /** Returns the context of the process; null if the system does not provide asynchronous operations. */
  static @Nullable AioContext instance() {
    return INSTANCE;
  }

  private static @Nullable AioContext create() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment context = arena.allocate(JAVA_LONG);
      if (setup(context) != 0) {
        return null;
      }
      AioContext created = new AioContext(context.get(JAVA_LONG, 0));
      return created.ring.get(JAVA_INT, RING_MAGIC) == RING_MAGIC_VALUE ? created : null;
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
   * Adds 1 to the counter. A full counter keeps its largest value, which polls as an error.
   *
   * @param number an acquired descriptor
   * @return 1, or a negated errno: EINVAL if the descriptor is not an eventfd
   */
  long signal(int number) {
    lock.lock();
    try {
      iocb.set(JAVA_INT, IOCB_FILE, number);
      iocb.set(JAVA_INT, IOCB_EVENTFD, number);
      long result;
      do {
        // Consumes completions by moving the head, as libaio does, without a system call.
        ring.set(JAVA_INT, RING_HEAD, ring.get(JAVA_INT, RING_TAIL));
        result = submit();
      } while (result == -Errno.EINTR.number());
      return result;
    } finally {
      lock.unlock();
    }
  }
}
