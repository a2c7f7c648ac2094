// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import java.lang.foreign.MemorySegment;
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

  public void reset() {
    for (MemoryBackend memory : memories) {
      memory.reset();
    }
  }
}
