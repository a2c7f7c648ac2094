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

/** Resources of this process: descriptors, mappings, native memory, threads. */
public final class ProcessResources {

  /** The category in which the JVM counts the memory of arenas. */
  private static final Pattern OTHER = Pattern.compile("Other \\(reserved=(\\d+)KB");

  private ProcessResources() {
  }

  /** Counts open sockets, memfds and eventfds. */
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

  /** Waits until the same descriptors are open as before. */
  public static void awaitFds(Map<String, Long> before) throws Exception {
    Await.until("the same descriptors are open as before", () -> openFds().equals(before));
  }

  /** Counts the mappings of files whose names have this prefix. */
  public static long mappings(String prefix) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains(" " + prefix)).count();
    }
  }

  /** Returns the native memory of arenas, from the JVM's native memory tracking. */
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
