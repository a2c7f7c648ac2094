// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The resource usage of a process, from /proc.
 *
 * @param fds open descriptors
 * @param threads threads, except the JVM's compiler threads, which come and go
 * @param residentKiB resident memory
 */
public record ProcessUsage(long fds, long threads, long residentKiB) {

  /**
   * Reads the usage of a process.
   *
   * @param pid its process ID
   * @throws IOException if there is no such process, or it belongs to another user
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
