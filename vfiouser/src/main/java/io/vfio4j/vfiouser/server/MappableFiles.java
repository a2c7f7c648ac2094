// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.FileStatus;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The files of a client that a server maps; it reads and writes others by file I/O.
 *
 * <p>
 * A page fault that a file system does not complete blocks the thread, and with it the JVM at its next
 * safepoint: all devices and all clients. So by default a server maps memory only, which is tmpfs (including
 * memfds), hugetlbfs, ramfs and DAX devices, and files of other file systems only if configured.
 *
 * @param fileSystems magic numbers of file systems, as in linux/magic.h, whose files are mapped
 * @param any whether all files are mapped
 */
public record MappableFiles(Set<Long> fileSystems, boolean any) {

  /** Files that are memory. */
  public static final MappableFiles MEMORY =
      new MappableFiles(Set.of(FileStatus.TMPFS, FileStatus.HUGETLBFS, FileStatus.RAMFS), false);

  private static final String ANY = "any";
  private static final Map<String, Long> NAMES = new TreeMap<>(Map.ofEntries(Map.entry("btrfs", 0x9123_683eL),
      Map.entry("ceph", 0x00c3_6400L), Map.entry("dmabuf", 0x444d_4142L), Map.entry("ext4", 0xef53L),
      Map.entry("f2fs", 0xf2f5_2010L), Map.entry("fuse", 0x6573_5546L), Map.entry("nfs", 0x6969L),
      Map.entry("overlay", 0x794c_7630L), Map.entry("xfs", 0x5846_5342L), Map.entry("zfs", 0x2fc1_2fc1L)));

  public MappableFiles {
    fileSystems = Set.copyOf(fileSystems);
  }

  /**
   * Returns these files and those of further file systems.
   *
   * @param names names as in {@link #fileSystemNames}, magic numbers such as {@code 0xef53}, or {@code any}
   * @throws IllegalArgumentException for another name, with a message that lists the valid ones
   */
  public MappableFiles withFileSystems(Collection<String> names) {
    Set<Long> more = new HashSet<>(fileSystems);
    boolean all = any;
    for (String name : names) {
      if (name.equals(ANY)) {
        all = true;
      } else {
        more.add(magic(name));
      }
    }
    return new MappableFiles(more, all);
  }

  /** Returns the names of file systems that {@link #withFileSystems} accepts, sorted. */
  public static Collection<String> fileSystemNames() {
    return Set.copyOf(NAMES.keySet()).stream().sorted().toList();
  }

  private static long magic(String name) {
    Long known = NAMES.get(name.toLowerCase(Locale.ROOT));
    if (known != null) {
      return known;
    }
    if (name.matches("0[xX][0-9a-fA-F]{1,8}")) {
      return Long.parseLong(name.substring(2), 16);
    }
    throw new IllegalArgumentException(
        "unknown file system '%s': expected %s, a magic number such as 0xef53, or %s"
            .formatted(name, String.join(", ", fileSystemNames()), ANY));
  }

  /**
   * Returns whether a file is mapped. For a device node, the file system is only that of its directory, so it
   * does not count.
   */
  public boolean contains(FileStatus file) {
    boolean isDevice =
        file.type() == FileStatus.Type.CHARACTER_DEVICE || file.type() == FileStatus.Type.BLOCK_DEVICE;
    return any || file.isDax() || (!isDevice && fileSystems.contains(file.fileSystem()));
  }
}
