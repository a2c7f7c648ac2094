// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * The open resources of this process by name, to find leaks: descriptors and file mappings, except those that the
 * JVM opens to load classes.
 *
 * @param names sorted, one entry for each open resource
 */
public record OpenResources(List<String> names) {

  private static final Path SELF = Path.of("/proc/self");

  /** Lists the open resources of this process. */
  public static OpenResources current() throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(SELF.resolve("fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          add(names, "descriptor of ", Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException e) {
          // The descriptor of the listing itself.
        }
      }
    }
    for (String line : Files.readAllLines(SELF.resolve("maps"))) {
      int path = line.indexOf('/');
      if (path >= 0) {
        add(names, "mapping of ", line.substring(path));
      }
    }
    Collections.sort(names);
    return new OpenResources(List.copyOf(names));
  }

  private static void add(List<String> names, String how, String path) {
    boolean isCode = path.endsWith(".jar") || path.endsWith("/modules") || path.endsWith(".jsa")
        || path.contains(".so") || path.contains("/locale") || path.contains("/fd");
    if (!isCode) {
      names.add(how + path.replaceFirst("(socket|pipe):\\[\\d+]", "$1"));
    }
  }

  /** Returns the resources that were not open at an earlier time. */
  public List<String> addedSince(OpenResources earlier) {
    List<String> more = new ArrayList<>(names);
    earlier.names.forEach(more::remove);
    return more;
  }
}
