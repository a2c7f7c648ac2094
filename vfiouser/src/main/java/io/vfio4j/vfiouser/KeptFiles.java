// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

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
final class KeptFiles {

  /** Where the process may have few descriptors: as many for each client. */
  private static final int LEAST = 256;
  /** A client's are not to use up those of the process. */
  private static final int SHARE = 8;
  private static final Pattern OPEN_FILES = Pattern.compile("(?m)^Max open files +([0-9]+) ");

  /** The number of a file; of one file there may be several descriptors that are open in different ways. */
  private record Key(long device, long inode) {
  }

  /** A file, and how many mappings are in it. */
  final class Kept implements AutoCloseable {
    private final Key key;
    private final ClientFile file;
    private int mappings;

    private Kept(Key key, ClientFile file) {
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

  private final Map<Key, List<Kept>> files = new HashMap<>();
  private final int most;
  private int count;

  /** Makes the files of a client, with an eighth of the process's descriptors at most. */
  KeptFiles() {
    this(Math.max(LEAST, openFiles(Path.of("/proc/self/limits")) / SHARE));
  }

  /** Makes the files of a client, so many at most. */
  KeptFiles(int most) {
    this.most = most;
  }

  /** Returns how many files a process may have open; 0 where the file does not say. */
  static int openFiles(Path limits) {
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
  Kept keep(ClientFile file) throws ErrnoException {
    Key key = new Key(file.status().device(), file.status().inode());
    try {
      for (Kept kept : files.getOrDefault(key, List.of())) {
        if (isSame(kept.file, file)) {
          kept.mappings++;
          return kept;
        }
      }
      if (count >= most) {
        throw new ErrnoException(Errno.ENOSPC, "more than " + most + " files that are read and written");
      }
      Kept kept = new Kept(key, new ClientFile(file.fd().duplicate(), file.status(), file.canVanish()));
      kept.mappings = 1;
      files.computeIfAbsent(key, _ -> new ArrayList<>()).add(kept);
      count++;
      return kept;
    } catch (LinuxException e) {
      throw ClientFile.refused(e, "it cannot be kept open");
    }
  }

  /**
   * Tells whether one descriptor serves as well as the other. The memory of a process has one name, and yet each time
   * that it is opened it may be another, as after exec(3).
   */
  private static boolean isSame(ClientFile kept, ClientFile file) throws LinuxException {
    return kept.status().access() == file.status().access()
        && ((kept.status().hasSize() && kept.isSameFile(file)) || kept.fd().isSameOpenFile(file.fd()));
  }

  private void remove(Kept kept) {
    List<Kept> same = files.get(kept.key);
    if (same != null && same.remove(kept)) {
      count--;
      if (same.isEmpty()) {
        files.remove(kept.key);
      }
    }
  }
}
