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

/** Memory of the client that is reached by reading and writing its file. */
final class FileMemory implements DmaBacking {

  private final OpenFileCache.CachedFile file;
  private final Fd fd;
  private final long offset;

  /**
   * Takes a file, which the caller has checked.
   *
   * @param files keep a descriptor of it
   * @param file the file, whose descriptor stays the caller's
   * @param offset where in it the memory begins, bytes
   * @throws ErrnoException ENOSPC for too many files, EMFILE if there are too many descriptors
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
      // A write would lengthen a file that its owner has cut, and give it memory that nobody asked for.
      if (file.hasSize() && offset + to > fd.size() - length) {
        throw truncated();
      }
      FileIo.write(fd, offset + to, from.asSlice(at, length));
    } catch (LinuxException e) {
      throw failed(e);
    }
  }

  private static ErrnoException truncated() {
    return new ErrnoException(Errno.EFAULT, "the file behind a mapping has been truncated");
  }

  private static ErrnoException failed(LinuxException e) {
    ErrnoException answer = new ErrnoException(e.errno(), "the file behind a mapping: " + e.function());
    answer.initCause(e);
    return answer;
  }

  @Override
  public MemorySegment segment(IovaRange mapping) throws MemoryKindException {
    throw new MemoryKindException(mapping, MemoryKind.MEMORY,
        "it is reached by file I/O and cannot be mapped; read and write it");
  }

  @Override
  public void close() {
    file.close();
  }
}
