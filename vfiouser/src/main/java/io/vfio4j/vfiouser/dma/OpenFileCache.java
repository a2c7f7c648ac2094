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
 * The files of a client that are accessed by file I/O. Each is kept open once, for all its mappings. Used on
 * the device's thread only.
 */
final class OpenFileCache {

  /** The limit for each client if the process may have few descriptors. */
  private static final int MIN_FILES = 256;
  /** The share of the process's descriptors that a client may use. */
  private static final int LIMIT_DIVISOR = 8;
  private static final Pattern OPEN_FILES = Pattern.compile("(?m)^Max open files +([0-9]+) ");

  /** Identifies a file, of which there may be several descriptors with different access modes. */
  private record Key(long device, long inode) {
  }

  /** An open file, and the number of its mappings. */
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

    /** Returns whether {@link Fd#size} returns the end of the file. */
    boolean hasSize() {
      return file.status().hasSize();
    }

    /** Releases the file for one mapping. */
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

  /** Creates a cache of at most an eighth of the process's descriptors. */
  OpenFileCache() {
    this(Math.max(MIN_FILES, readOpenFileLimit(Path.of("/proc/self/limits")) / LIMIT_DIVISOR));
  }

  /** Creates a cache with a limit. */
  OpenFileCache(int maxFiles) {
    this.maxFiles = maxFiles;
  }

  /** Returns the limit on open files of the process, or 0 if the file does not contain it. */
  static int readOpenFileLimit(Path limits) {
    try {
      Matcher line = OPEN_FILES.matcher(Files.readString(limits, StandardCharsets.US_ASCII));
      return line.find() ? (int) Math.min(Integer.MAX_VALUE, Long.parseLong(line.group(1))) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Opens a file for one more mapping.
   *
   * @param file the file; its descriptor stays the caller's
   * @throws ErrnoException ENOSPC for too many files, EMFILE if the process has no descriptor left
   */
  CachedFile acquire(ClientFile file) throws ErrnoException {
    Key key = new Key(file.status().device(), file.status().inode());
    try {
      for (CachedFile cached : files.getOrDefault(key, List.of())) {
        if (isInterchangeable(cached.file, file)) {
          cached.mappings++;
          return cached;
        }
      }
      if (count >= maxFiles) {
        throw new ErrnoException(Errno.ENOSPC, "more than " + maxFiles + " files accessed by file I/O");
      }
      CachedFile cached =
          new CachedFile(key, new ClientFile(file.fd().duplicate(), file.status(), file.canFault()));
      cached.mappings = 1;
      files.computeIfAbsent(key, _ -> new ArrayList<>()).add(cached);
      count++;
      return cached;
    } catch (LinuxException e) {
      throw ClientFile.mapFailure(e, "it cannot be duplicated");
    }
  }

  /**
   * Returns whether one descriptor can be used instead of the other. /proc/PID/mem is one file, but each time
   * it is opened it may be another memory, as after execve(2).
   */
  private static boolean isInterchangeable(ClientFile cached, ClientFile file) throws LinuxException {
    return cached.status().access() == file.status().access()
        && ((cached.status().hasSize() && cached.isSameFile(file)) || cached.fd().isSameOpenFile(file.fd()));
  }

  private void remove(CachedFile cached) {
    List<CachedFile> same = files.get(cached.key);
    if (same != null && same.remove(cached)) {
      count--;
      if (same.isEmpty()) {
        files.remove(cached.key);
      }
    }
  }
}
