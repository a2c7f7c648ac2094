// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/** What this process holds of the kernel's. */
public final class ProcessResources {

  /** Where Arena's memory is counted. */
  private static final Pattern OTHER = Pattern.compile("Other \\(reserved=(\\d+)KB");

  private ProcessResources() {
  }

  /** Returns what is open and may leak: sockets, memory files, eventfds. */
  public static Map<String, Long> openFds() throws IOException {
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
  public static void awaitFds(Map<String, Long> before) throws Exception {
    Await.until("as much is open as before", () -> openFds().equals(before));
  }

  /** Returns how many mappings this process has of files whose names begin so. */
  public static long mappings(String name) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains(" " + name)).count();
    }
  }

  /** Returns how much native memory the JVM has given out to its users, as its own bookkeeping says. */
  public static long nativeKiB() throws JMException {
    String summary = (String) ManagementFactory.getPlatformMBeanServer().invoke(
        new ObjectName("com.sun.management:type=DiagnosticCommand"), "vmNativeMemory",
        new Object[] {new String[] {"summary"}}, new String[] {String[].class.getName()});
    Matcher other = OTHER.matcher(summary);
    if (!other.find()) {
      throw new IllegalStateException("no figures of native memory: " + summary);
    }
    return Long.parseLong(other.group(1));
  }

  /** Returns the names of the threads of servers and clients. */
  public static Map<String, Long> threads() {
    return Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
        .filter(name -> name.startsWith("vfio-user") || name.startsWith("test-server"))
        .collect(Collectors.groupingBy(name -> name, Collectors.counting()));
  }
}
