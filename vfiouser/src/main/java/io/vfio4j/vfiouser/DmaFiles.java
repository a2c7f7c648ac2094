// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.FileIo;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;

/**
 * Decides how the files of a client are reached: mapped where they are memory and the process has mappings left, else by
 * file I/O.
 */
final class DmaFiles {

  private final MappableFiles mappable;
  private final MappingBudget budget;
  private final KeptFiles kept;

  DmaFiles(MappableFiles mappable) {
    this(mappable, MappingBudget.PROCESS, new KeptFiles());
  }

  DmaFiles(MappableFiles mappable, MappingBudget budget, KeptFiles kept) {
    this.mappable = mappable;
    this.budget = budget;
    this.kept = kept;
  }

  /**
   * Returns what reaches the memory of a mapping.
   *
   * @param file the file, whose descriptor stays the caller's
   * @throws ErrnoException EINVAL if the file is too short or can be reached in no way, EACCES if it is not open for it,
   *     ENOSPC for too many, others if it cannot be mapped
   */
  DmaBacking open(DmaMapping.Wanted wanted, ClientFile file) throws ErrnoException {
    long size = wanted.range().length();
    file.checkReach(wanted.offset(), size);
    if (wanted.byFileIo()) {
      return new FileMemory(kept, file, wanted.offset());
    }
    file.checkAccess(wanted.isWritable());
    if (!mappable.contains(file.status())) {
      return fileIo(wanted, file, "a file that is not memory, which this server does not map (--map-files)");
    }
    if (!budget.take()) {
      return fileIo(wanted, file, "one mapping more than the process may have (vm.max_map_count)");
    }
    try {
      return new SharedMemory(file, wanted.offset(), size, wanted.isWritable(), budget::giveBack);
    } catch (ErrnoException | RuntimeException e) {
      budget.giveBack();
      throw e;
    }
  }

  private FileMemory fileIo(DmaMapping.Wanted wanted, ClientFile file, String why) throws ErrnoException {
    try {
      FileIo.checkReadable(file.fd(), wanted.offset());
    } catch (LinuxException e) {
      ErrnoException refusal =
          new ErrnoException(Errno.EINVAL, why + ", and it is not read instead: " + e.errno());
      refusal.initCause(e);
      throw refusal;
    }
    return new FileMemory(kept, file, wanted.offset());
  }
}
