// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The descriptors of a server's process that belong to connections: sockets by inode, memory and eventfds by kind.
 *
 * @param names sorted
 */
public record ServerDescriptors(List<String> names) {

  /** Lists those of a process. */
  public static ServerDescriptors of(long pid) throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          String name = Files.readSymbolicLink(descriptor).toString();
          if (name.startsWith("socket:") || name.startsWith("/memfd:guest") || name.contains("eventfd")) {
            names.add(name);
          }
        } catch (NoSuchFileException e) {
          // Closed since it was listed.
        }
      }
    }
    return new ServerDescriptors(names.stream().sorted().toList());
  }

  /** Returns the sockets, each the same in all processes that have it. */
  public Set<String> sockets() {
    return new HashSet<>(names.stream().filter(name -> name.startsWith("socket:")).toList());
  }

  /** Returns how many there are of each kind, as text. */
  public List<String> kinds() {
    return names.stream().map(name -> name.replaceFirst("\\[\\d+]", "")).sorted().toList();
  }
}
