// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Interrupts a system call of a thread with a real-time signal, tgkill(2), as the JDK does for its own
 * blocking calls.
 *
 * <p>
 * The signal only makes the call return EINTR: its handler does nothing, and it has no effect on a thread that
 * is not in a blocking call. So a sender that must reach the thread repeats the signal until the thread has
 * reacted. {@link UnixSocket#receive} and {@link Poller#awaitInterruptibly} return when they are interrupted;
 * other calls of this package continue.
 */
public final class ThreadSignal {

  private static final MethodHandle GETTID = Native.link("gettid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle GETPID = Native.link("getpid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle TGKILL =
      Native.link("tgkill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle SIGRTMAX =
      Native.link("__libc_current_sigrtmax", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle SIGACTION =
      Native.link("sigaction", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));

  private static final Errno ESRCH = new Errno(3);

  /** glibc's {@code struct sigaction}: handler, mask of 128 bytes, flags, restorer. */
  private static final long SIGACTION_SIZE = 152;

  private static final long SIG_DFL = 0;

  /** The JDK uses SIGRTMAX - 2. */
  private static final int FIRST_BELOW_MAX = 3;
  private static final int CANDIDATES = 16;

  private final int process;
  private final int thread;
  private final int signal;

  private ThreadSignal(int process, int thread, int signal) {
    this.process = process;
    this.thread = thread;
    this.signal = signal;
  }

  /**
   * Returns a signal for the calling thread.
   *
   * @throws LinuxException EBUSY if every candidate among the signals has a handler already
   */
  public static ThreadSignal ofCurrentThread() throws LinuxException {
    return new ThreadSignal(call(GETPID), call(GETTID), Handler.number());
  }

  /**
   * Sends the signal. Does nothing if the thread has ended.
   *
   * @throws LinuxException EAGAIN if too many signals are queued
   */
  public void send() throws LinuxException {
    int result;
    try {
      MemorySegment capture = Native.capture();
      result = Native.result((int) TGKILL.invokeExact(capture, process, thread, signal), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
    if (result != -ESRCH.number()) {
      LinuxException.check(result, "tgkill", "thread " + thread);
    }
  }

  private static int call(MethodHandle function) {
    try {
      return (int) function.invokeExact(Native.capture());
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** The handler, which is installed once for the process, and stays. */
  private static final class Handler {

    private static int installed;

    private Handler() {
    }

    static synchronized int number() throws LinuxException {
      if (installed == 0) {
        installed = install();
      }
      return installed;
    }

    /**
     * Installs the handler for a signal that has none. It is a function of libc that takes an int and has no
     * effect: Java code must not run in a signal handler. Without SA_RESTART, system calls are interrupted.
     */
    private static int install() throws LinuxException {
      int highest = call(SIGRTMAX) - FIRST_BELOW_MAX;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment before = arena.allocate(SIGACTION_SIZE, Long.BYTES);
        MemorySegment action = arena.allocate(SIGACTION_SIZE, Long.BYTES);
        action.set(JAVA_LONG, 0, Linker.nativeLinker().defaultLookup().findOrThrow("abs").address());
        for (int number = highest; number > highest - CANDIDATES; number--) {
          LinuxException.check(sigaction(number, MemorySegment.NULL, before), "sigaction",
              "signal " + number);
          if (before.get(JAVA_LONG, 0) == SIG_DFL) {
            LinuxException.check(sigaction(number, action, MemorySegment.NULL), "sigaction",
                "signal " + number);
            return number;
          }
        }
      }
      throw new LinuxException("sigaction", "real-time signals", Errno.EBUSY);
    }

    private static int sigaction(int number, MemorySegment action, MemorySegment before) {
      try {
        MemorySegment capture = Native.capture();
        return Native.result((int) SIGACTION.invokeExact(capture, number, action, before), capture);
      } catch (Throwable t) {
        throw Native.unexpected(t);
      }
    }
  }
}
