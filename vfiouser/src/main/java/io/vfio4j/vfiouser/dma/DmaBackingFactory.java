// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.FileIo;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Selects how a client's file is accessed: mapped, if it is memory and the process has mappings left,
 * otherwise by file I/O.
 */
public final class DmaBackingFactory {

  private final Predicate<FileStatus> mappable;
  private final MappingBudget budget;
  private final OpenFileCache openFiles;
  private final boolean keepsFiles;

  /**
   * @param mappable returns whether a file is mapped
   * @param keepsFiles whether a descriptor of each mapped file is kept, so that another server can map it
   */
  public DmaBackingFactory(Predicate<FileStatus> mappable, boolean keepsFiles) {
    this(mappable, MappingBudget.PROCESS, new OpenFileCache(), keepsFiles);
  }

  DmaBackingFactory(Predicate<FileStatus> mappable, MappingBudget budget, OpenFileCache openFiles) {
    this(mappable, budget, openFiles, false);
  }

  private DmaBackingFactory(Predicate<FileStatus> mappable, MappingBudget budget, OpenFileCache openFiles,
      boolean keepsFiles) {
    this.keepsFiles = keepsFiles;
    this.mappable = mappable;
    this.budget = budget;
    this.openFiles = openFiles;
  }

  /**
   * Returns the backing of a mapping.
   *
   * @param file the file; its descriptor stays the caller's
   * @throws ErrnoException EINVAL if the file is too short or cannot be accessed, EACCES if its access mode
   *     does not permit the mapping, ENOSPC for too many files, others if it cannot be mapped
   */
  DmaBacking open(DmaMapping.MapRequest request, ClientFile file) throws ErrnoException {
    long size = request.range().length();
    file.checkRange(request.offset(), size);
    if (request.usesFileIo()) {
      return new FileMemory(openFiles, file, request.offset());
    }
    file.checkAccess(request.isWritable());
    if (!mappable.test(file.status())) {
      return openForFileIo(request, file,
          "the file is not memory, and this server does not map it (--map-files)");
    }
    if (!budget.tryAcquire()) {
      return openForFileIo(request, file, "the process has no mapping left for it (vm.max_map_count)");
    }
    try {
      return new SharedMemory(file, request.offset(), size, request.isWritable(), budget::release);
    } catch (ErrnoException | RuntimeException e) {
      budget.release();
      throw e;
    }
  }

  /**
   * Returns a descriptor of a mapped file to keep, if such are kept.
   *
   * @throws ErrnoException ENOSPC for too many files, EMFILE if the process has no descriptor left
   */
  OpenFileCache.@Nullable CachedFile keep(ClientFile file) throws ErrnoException {
    return keepsFiles ? openFiles.acquire(file) : null;
  }

  private FileMemory openForFileIo(DmaMapping.MapRequest request, ClientFile file, String reason)
      throws ErrnoException {
    try {
      FileIo.checkReadable(file.fd(), request.offset());
    } catch (LinuxException e) {
      throw new ErrnoException(Errno.EINVAL, reason + ", and it cannot be read instead: " + e.errno(), e);
    }
    return new FileMemory(openFiles, file, request.offset());
  }
}
