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
 * Memory that this host still has available. A command that needs more fails with a message before it starts, instead of
 * being killed by the kernel (or having another process killed).
 */
public final class HostMemory {

  /** The line of proc_meminfo(5) with the memory available without swapping. */
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");

  private final Path root;

  private HostMemory(Path root) {
    this.root = root;
  }

  /** Returns the memory of a host whose root file system is at a directory. */
  static HostMemory in(Path root) {
    return new HostMemory(root);
  }

  public static HostMemory ofThisHost() {
    return in(Path.of("/"));
  }

  /**
   * Checks that enough memory is available.
   *
   * @param purpose what needs it: the subject of the message
   * @throws CommandException with {@link ExitCodes#FAILURE} if less is available
   */
  public void require(long bytes, String purpose) throws CommandException {
    OptionalLong available = available();
    if (available.isPresent() && available.getAsLong() < bytes) {
      throw new CommandException(ExitCodes.FAILURE, "%s needs %s of memory; this host has %s available"
          .formatted(purpose, Quantities.bytes(bytes), Quantities.bytes(available.getAsLong())), null);
    }
  }

  /**
   * Returns the bytes available, empty if unknown: MemAvailable, or what is left of the limit of the root's control group
   * (version 2), whichever is less.
   */
  OptionalLong available() {
    return Stream.of(systemMemory(), controlGroup()).flatMapToLong(OptionalLong::stream).min();
  }

  private OptionalLong systemMemory() {
    return lines("proc/meminfo").stream().map(AVAILABLE::matcher).filter(Matcher::matches)
        .mapToLong(line -> Long.parseLong(line.group(1)) << 10).findFirst();
  }

  /** In a container, the root of the cgroup file system is the container's own group. */
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
      return List.of(); // Not available on this kernel.
    }
  }
}
