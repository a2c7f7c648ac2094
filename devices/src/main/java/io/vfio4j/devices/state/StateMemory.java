// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.StateMemoryFile;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The memories of a device as one address space, in which they follow each other as in a saved state. */
public final class StateMemory {

  private final MemoryBackend[] memories;
  private final long[] offsets;
  private final long size;

  public StateMemory(List<MemoryBackend> memories) {
    this.memories = memories.toArray(MemoryBackend[]::new);
    this.offsets = new long[this.memories.length];
    long end = 0;
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = end;
      end = Math.addExact(end, this.memories[i].size());
    }
    this.size = end;
  }

  /** Returns the size of all memories in bytes. */
  long size() {
    return size;
  }

  public long pages() {
    return size / StateFormat.PAGE_SIZE;
  }

  int count() {
    return memories.length;
  }

  MemoryBackend memory(int index) {
    return memories[index];
  }

  long offset(int index) {
    return offsets[index];
  }

  /** Returns whether a range, of at least one byte, lies within one of the memories. */
  boolean contains(long offset, int length) {
    int index = indexOf(offset);
    return index >= 0 && length <= memories[index].size() - (offset - offsets[index]);
  }

  /** Writes a range that lies within one of the memories. */
  void load(MemorySegment data, long at, long offset, int length) {
    int index = indexOf(offset);
    MemorySegment.copy(data, at, memories[index].segment(), offset - offsets[index], length);
  }

  private int indexOf(long offset) {
    for (int i = offsets.length - 1; i >= 0; i--) {
      if (offset >= offsets[i]) {
        return offset < size ? i : -1;
      }
    }
    return -1;
  }

  /** Returns whether another server can continue to use all memories, of which there is at least one. */
  public boolean isPassable() {
    return memories.length > 0 && Arrays.stream(memories).allMatch(MemoryBackend::isPassable);
  }

  /** Returns whether the memories were adopted and are read-only so far. */
  public boolean isAdopted() {
    return memories.length > 0 && memories[0].isAdopted();
  }

  /** Returns the memories for another server; the files remain theirs. */
  public List<StateMemoryFile> files() {
    return Arrays.stream(memories)
        .map(memory -> new StateMemoryFile(memory.name(), memory.size(), memory.file().orElseThrow()))
        .toList();
  }

  /**
   * Uses the files of another server's device from now on: all or none.
   *
   * @param files one per memory, in order; they remain the caller's
   * @throws ErrnoException EINVAL if their number, a size or the seals are not those of these memories; the errno of a
   *     mapping
   */
  public void adopt(List<Fd> files) throws ErrnoException {
    if (files.size() != memories.length) {
      throw new ErrnoException(Errno.EINVAL,
          "%d files for %d memories".formatted(files.size(), memories.length));
    }
    List<MemoryStorage> mapped = new ArrayList<>(files.size());
    try {
      for (int i = 0; i < memories.length; i++) {
        mapped.add(memories[i].mapPassed(files.get(i)));
      }
    } catch (Throwable t) {
      mapped.forEach(MemoryStorage::close);
      throw t;
    }
    for (int i = 0; i < memories.length; i++) {
      memories[i].adopt(mapped.get(i));
    }
  }

  /** Makes the adopted memories the device's own, writable, and frees the former ones. */
  public void accept() {
    for (MemoryBackend memory : memories) {
      memory.accept();
    }
  }

  /** Returns to the device's own memories, if others were adopted. */
  public void returnToOwn() {
    for (MemoryBackend memory : memories) {
      memory.returnToOwn();
    }
  }

  /** Replaces memories that another server uses now by new ones with the initial content. */
  public void replace() {
    for (MemoryBackend memory : memories) {
      memory.replace();
    }
  }

  public void reset() {
    for (MemoryBackend memory : memories) {
      memory.reset();
    }
  }
}
