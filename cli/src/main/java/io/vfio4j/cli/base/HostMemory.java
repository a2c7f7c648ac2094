// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How much memory this machine still has for a process, so that a command that needs more says so before it starts. Without
 * that the kernel ends the command, or another process.
 */
public final class HostMemory {

  /** The line of proc_meminfo(5) with what can be had without swapping. */
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");

  private final Path root;

  private HostMemory(Path root) {
    this.root = root;
  }

  /** Returns that of the machine whose files are below a folder. */
  static HostMemory in(Path root) {
    return new HostMemory(root);
  }

  /** Returns that of this machine. */
  public static HostMemory ofThisHost() {
    return in(Path.of("/"));
  }

  /**
   * Checks that there is enough memory.
   *
   * @param bytes how much is needed
   * @param purpose what needs it: the subject of the message
   * @throws CommandException if there is less, with {@link ExitCodes#FAILURE}
   */
  public void require(long bytes, String purpose) throws CommandException {
    OptionalLong available = available();
    if (available.isPresent() && available.getAsLong() < bytes) {
      throw new CommandException(ExitCodes.FAILURE, "%s needs %s of memory, and this machine has %s available"
          .formatted(purpose, Quantities.bytes(bytes), Quantities.bytes(available.getAsLong())), null);
    }
  }

  /**
   * Returns how many bytes can be had, empty if the kernel does not say: what is available in all, or what the control
   * group of version 2 at the root allows, whichever is less.
   */
  OptionalLong available() {
    return Stream.of(systemMemory(), controlGroup()).flatMapToLong(OptionalLong::stream).min();
  }

  private OptionalLong systemMemory() {
    return lines("proc/meminfo").stream().map(AVAILABLE::matcher).filter(Matcher::matches)
        .mapToLong(line -> Long.parseLong(line.group(1)) << 10).findFirst();
  }

  /** In a container the root of the file system of control groups is the container's own. */
  private OptionalLong controlGroup() {
    OptionalLong limit = number("sys/fs/cgroup/memory.max");
    OptionalLong used = number("sys/fs/cgroup/memory.current");
    return limit.isPresent() && used.isPresent()
        ? OptionalLong.of(Math.max(0, limit.getAsLong() - used.getAsLong()))
        : OptionalLong.empty();
  }

  private OptionalLong number(String file) {
    return lines(file).stream().filter(line -> line.matches("\\d{1,18}")).mapToLong(Long::parseLong)
        .findFirst();
  }

  private List<String> lines(String file) {
    try {
      return Files.readAllLines(root.resolve(file));
    } catch (IOException e) {
      return List.of(); // There is no such file: nothing is known.
    }
  }
}
