// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files of a client that are reached by file I/O: each is kept open once, for all the mappings that are in it. For the
 * device's thread.
 */
final class OpenFileCache {

  /** Where the process may have few descriptors: as many for each client. */
  private static final int MIN_FILES = 256;
  /** A client's are not to use up those of the process. */
  private static final int LIMIT_DIVISOR = 8;
  private static final Pattern OPEN_FILES = Pattern.compile("(?m)^Max open files +([0-9]+) ");

  /** The number of a file; of one file there may be several descriptors that are open in different ways. */
  private record Key(long device, long inode) {
  }

  /** A file, and how many mappings are in it. */
  final class CachedFile implements AutoCloseable {
    private final Key key;
    private final ClientFile file;
    private int mappings;

    private CachedFile(Key key, ClientFile file) {
      this.key = key;
      this.file = file;
    }

    Fd fd() {
      return file.fd();
    }

    /** Returns whether {@link Fd#size} tells where the file ends. */
    boolean hasSize() {
      return file.status().hasSize();
    }

    /** Gives up one mapping's use of it. */
    @Override
    public void close() {
      mappings--;
      if (mappings == 0) {
        remove(this);
        file.fd().close();
      }
    }
  }

  private final Map<Key, List<CachedFile>> files = new HashMap<>();
  private final int maxFiles;
  private int count;

  /** Makes the files of a client, with an eighth of the process's descriptors at most. */
  OpenFileCache() {
    this(Math.max(MIN_FILES, readOpenFileLimit(Path.of("/proc/self/limits")) / LIMIT_DIVISOR));
  }

  /** Makes the files of a client, so many at most. */
  OpenFileCache(int most) {
    this.maxFiles = most;
  }

  /** Returns how many files a process may have open; 0 where the file does not say. */
  static int readOpenFileLimit(Path limits) {
    try {
      Matcher line = OPEN_FILES.matcher(Files.readString(limits, StandardCharsets.US_ASCII));
      return line.find() ? (int) Math.min(Integer.MAX_VALUE, Long.parseLong(line.group(1))) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Keeps a file for one more mapping.
   *
   * @param file stays the caller's
   * @throws ErrnoException ENOSPC if there are too many, EMFILE if the process has no descriptor left
   */
  CachedFile acquire(ClientFile file) throws ErrnoException {
    Key key = new Key(file.status().device(), file.status().inode());
    try {
      for (CachedFile kept : files.getOrDefault(key, List.of())) {
        if (isInterchangeable(kept.file, file)) {
          kept.mappings++;
          return kept;
        }
      }
      if (count >= maxFiles) {
        throw new ErrnoException(Errno.ENOSPC, "more than " + maxFiles + " files that are read and written");
      }
      CachedFile kept =
          new CachedFile(key, new ClientFile(file.fd().duplicate(), file.status(), file.canFault()));
      kept.mappings = 1;
      files.computeIfAbsent(key, _ -> new ArrayList<>()).add(kept);
      count++;
      return kept;
    } catch (LinuxException e) {
      throw ClientFile.mapFailure(e, "it cannot be kept open");
    }
  }

  /**
   * Tells whether one descriptor serves as well as the other. The memory of a process has one name, and yet each time
   * that it is opened it may be another, as after exec(3).
   */
  private static boolean isInterchangeable(ClientFile kept, ClientFile file) throws LinuxException {
    return kept.status().access() == file.status().access()
        && ((kept.status().hasSize() && kept.isSameFile(file)) || kept.fd().isSameOpenFile(file.fd()));
  }

  private void remove(CachedFile kept) {
    List<CachedFile> same = files.get(kept.key);
    if (same != null && same.remove(kept)) {
      count--;
      if (same.isEmpty()) {
        files.remove(kept.key);
      }
    }
  }
}
