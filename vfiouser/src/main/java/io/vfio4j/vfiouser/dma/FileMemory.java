// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.FileIo;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.model.dma.MemoryKindException;
import java.lang.foreign.MemorySegment;

/** Memory of the client that is accessed by reading and writing its file. */
final class FileMemory implements DmaBacking {

  private final OpenFileCache.CachedFile file;
  private final Fd fd;
  private final long offset;

  /**
   * Opens a file, which the caller has checked.
   *
   * @param files keeps a descriptor of it
   * @param file the file; its descriptor stays the caller's
   * @param offset the offset of the memory in the file, bytes
   * @throws ErrnoException ENOSPC for too many files, EMFILE if the process has no descriptor left
   */
  FileMemory(OpenFileCache files, ClientFile file, long offset) throws ErrnoException {
    this.offset = offset;
    this.file = files.acquire(file);
    this.fd = this.file.fd();
  }

  @Override
  public void read(long from, MemorySegment into, long at, long length) throws ErrnoException {
    try {
      if (FileIo.read(fd, offset + from, into.asSlice(at, length)) < length) {
        throw truncated();
      }
    } catch (LinuxException e) {
      throw failed(e);
    }
  }

  @Override
  public void write(long to, MemorySegment from, long at, long length) throws ErrnoException {
    try {
      // A write would extend a file that its owner has truncated.
      if (file.hasSize() && offset + to > fd.size() - length) {
        throw truncated();
      }
      FileIo.write(fd, offset + to, from.asSlice(at, length));
    } catch (LinuxException e) {
      throw failed(e);
    }
  }

  private static ErrnoException truncated() {
    return new ErrnoException(Errno.EFAULT, "the file of a mapping has been truncated");
  }

  private static ErrnoException failed(LinuxException e) {
    return new ErrnoException(e.errno(), "the file of a mapping: " + e.function(), e);
  }

  @Override
  public MemorySegment segment(IovaRange mapping) throws MemoryKindException {
    throw new MemoryKindException(mapping, MemoryKind.MEMORY,
        "it is accessed by file I/O and cannot be mapped; read and write it");
  }

  @Override
  public void close() {
    file.close();
  }
}
