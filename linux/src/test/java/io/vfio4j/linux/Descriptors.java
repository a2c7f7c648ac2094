// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** The descriptors of this process, as reported by the kernel. */
final class Descriptors {

  private static final Path OPEN = Path.of("/proc/self/fd");
  private static final Path INFO = Path.of("/proc/self/fdinfo");
  private static final Path TASKS = Path.of("/proc/self/task");

  private static final int O_CLOEXEC = 02000000;

  private static final MethodHandle PIPE2 =
      Native.link("pipe2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

  private Descriptors() {}

  record Pipe(Fd reader, Fd writer) {
  }

  static Pipe pipe() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(JAVA_INT, 2);
      int result;
      try {
        MemorySegment capture = Native.capture();
        result = Native.result((int) PIPE2.invokeExact(capture, ends, O_CLOEXEC), capture);
      } catch (Throwable t) {
        throw Native.unexpected(t);
      }
      LinuxException.check(result, "pipe2", "a new pipe");
      return new Pipe(Fd.adopt(ends.getAtIndex(JAVA_INT, 0), "reader"),
          Fd.adopt(ends.getAtIndex(JAVA_INT, 1), "writer"));
    }
  }

  /** Runs an action once to load its classes, and again, after which the same descriptors must be open. */
  static void assertNoLeaks(ThrowingCallable action) throws Throwable {
    action.call();
    Map<Integer, String> before = open();
    action.call();
    assertThat(open()).isEqualTo(before);
  }

  private static Map<Integer, String> open() throws IOException {
    Map<Integer, String> open = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(OPEN)) {
      for (Path entry : entries) {
        target(entry).ifPresent(
            target -> open.put(Integer.valueOf(entry.getFileName().toString()), target.toString()));
      }
    }
    open.values().removeIf(target -> target.startsWith("/proc/")); // the listing itself
    return open;
  }

  /** Returns empty for a descriptor that another thread has closed meanwhile. */
  private static Optional<Path> target(Path entry) throws IOException {
    try {
      return Optional.of(Files.readSymbolicLink(entry));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  static int highestOpen() throws IOException {
    return open().keySet().stream().mapToInt(n -> n).max().orElseThrow();
  }

  static boolean isOpen(int number) {
    return Files.exists(OPEN.resolve("" + number), LinkOption.NOFOLLOW_LINKS);
  }

  static boolean isCloseOnExec(Fd fd) throws IOException {
    String flags = Files.readAllLines(INFO.resolve("" + fd.number())).stream()
        .filter(line -> line.startsWith("flags:")).findFirst().orElseThrow().substring("flags:".length());
    return (Integer.parseInt(flags.strip(), 8) & O_CLOEXEC) != 0;
  }

  /** Returns the target of a descriptor, as in {@code /memfd:name (deleted)}. */
  static String target(Fd fd) throws IOException {
    return Files.readSymbolicLink(OPEN.resolve("" + fd.number())).toString();
  }

  /**
   * Waits until a thread of this process is blocked in a system call whose first argument is the descriptor.
   */
  static void awaitSleeperOn(Fd fd) throws IOException {
    String argument = " 0x" + Integer.toHexString(fd.number()) + " ";
    while (!isTaskSleepingWith(argument)) {
      Thread.onSpinWait();
    }
  }

  private static boolean isTaskSleepingWith(String argument) throws IOException {
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
      for (Path task : tasks) {
        String call = systemCall(task);
        int afterNumber = call.indexOf(' ');
        if (afterNumber > 0 && call.startsWith(argument, afterNumber)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Returns "running", or the number and arguments of the system call; empty for a thread that has ended. */
  private static String systemCall(Path task) {
    try {
      return Files.readString(task.resolve("syscall"));
    } catch (IOException e) {
      return "";
    }
  }
}
