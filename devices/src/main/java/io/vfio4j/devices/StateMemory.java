// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** The memories of a device, one behind the other, as a saved state has them. */
final class StateMemory {

  private final MemoryBackend[] memories;
  private final long[] begins;
  private final long size;

  StateMemory(List<MemoryBackend> memories) {
    this.memories = memories.toArray(MemoryBackend[]::new);
    this.begins = new long[this.memories.length];
    long end = 0;
    for (int i = 0; i < begins.length; i++) {
      begins[i] = end;
      end = Math.addExact(end, this.memories[i].size());
    }
    this.size = end;
  }

  /** Returns the bytes of all of them. */
  long size() {
    return size;
  }

  long pages() {
    return size / StreamFormat.PAGE_SIZE;
  }

  int count() {
    return memories.length;
  }

  MemoryBackend memory(int index) {
    return memories[index];
  }

  long begin(int index) {
    return begins[index];
  }

  /** Tells whether bytes, at least one, lie within one of the memories. */
  boolean holds(long offset, int length) {
    int index = index(offset);
    return index >= 0 && length <= memories[index].size() - (offset - begins[index]);
  }

  /** Writes bytes that lie within one of the memories. */
  void load(MemorySegment data, long at, long offset, int length) {
    int index = index(offset);
    MemorySegment.copy(data, at, memories[index].all(), offset - begins[index], length);
  }

  private int index(long offset) {
    for (int i = begins.length - 1; i >= 0; i--) {
      if (offset >= begins[i]) {
        return offset < size ? i : -1;
      }
    }
    return -1;
  }

  void reset() {
    for (MemoryBackend memory : memories) {
      memory.reset();
    }
  }
}
