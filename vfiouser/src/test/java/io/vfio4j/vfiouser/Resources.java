// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What this process holds of the kernel's. */
final class Resources {

  private Resources() {
  }

  /** Returns what is open and may leak: sockets, memory files, eventfds. */
  static Map<String, Long> openFds() throws IOException {
    Map<String, Long> open = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path entry : entries) {
        String target = target(entry);
        if (target.startsWith("socket:")) {
          open.merge("socket", 1L, Long::sum);
        } else if (target.startsWith("/memfd:") || target.startsWith("anon_inode:")) {
          open.merge(target, 1L, Long::sum);
        }
      }
    }
    return open;
  }

  private static String target(Path entry) throws IOException {
    try {
      return Files.readSymbolicLink(entry).toString();
    } catch (NoSuchFileException e) {
      return "gone";
    }
  }

  /** Waits until as much is open as before; never, if something leaks. */
  static void awaitFds(Map<String, Long> before) throws Exception {
    Waiting.until("as much is open as before", () -> openFds().equals(before));
  }

  /** Returns the names of the threads of servers and clients. */
  static Map<String, Long> threads() {
    return Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
        .filter(name -> name.startsWith("vfio-user") || name.startsWith("test-server"))
        .collect(Collectors.groupingBy(name -> name, Collectors.counting()));
  }
}
