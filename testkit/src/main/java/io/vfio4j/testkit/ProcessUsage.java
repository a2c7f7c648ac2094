// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a process holds, as /proc tells it.
 *
 * @param fds open descriptors
 * @param threads threads, without those that the JVM's compilers start and end as they please
 * @param residentKiB resident memory
 */
public record ProcessUsage(long fds, long threads, long residentKiB) {

  /**
   * Looks at a process.
   *
   * @param pid its number
   * @throws IOException if there is none, or it is another user's
   */
  public static ProcessUsage of(long pid) throws IOException {
    Path proc = Path.of("/proc", Long.toString(pid));
    return new ProcessUsage(count(proc.resolve("fd")), threads(proc), residentKiB(proc));
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.count();
    }
  }

  private static long threads(Path proc) throws IOException {
    long threads = 0;
    try (Stream<Path> tasks = Files.list(proc.resolve("task"))) {
      for (Path task : tasks.toList()) {
        if (!Files.readString(task.resolve("comm")).contains("CompilerThre")) {
          threads++;
        }
      }
    }
    return threads;
  }

  private static long residentKiB(Path proc) throws IOException {
    List<String> status = Files.readAllLines(proc.resolve("status"));
    String line = status.stream().filter(text -> text.startsWith("VmRSS:")).findFirst().orElseThrow();
    return Long.parseLong(line.replaceAll("[^0-9]", ""));
  }
}
