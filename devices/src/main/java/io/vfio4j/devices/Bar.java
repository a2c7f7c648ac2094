// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.linux.Fd;
import io.vfio4j.vfiouser.Doorbell;
import io.vfio4j.vfiouser.device.DeviceDescription.Region;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A region behind a base address register, and what lies in it. Where nothing does, reads give 0. */
public final class Bar {

  private record Placed(long offset, long end, RegionPart part) {
  }

  private final Declarations device;
  private final int index;
  private final BarKind kind;
  private final long size;
  private final List<Placed> parts = new ArrayList<>(1);
  private Placed[] search = new Placed[0];
  private Optional<DeviceMemory> mappable = Optional.empty();

  Bar(Declarations device, int index, BarKind kind, long size) {
    if (Long.bitCount(size) != 1 || size < kind.leastSize() || size > kind.mostSize()) {
      throw new IllegalArgumentException("BAR%d of %d bytes: give a power of two from %d to %d"
          .formatted(index, size, kind.leastSize(), kind.mostSize()));
    }
    this.device = device;
    this.index = index;
    this.kind = kind;
    this.size = size;
  }

  /** Returns which base address register it is, 0 to 5. */
  public int index() {
    return index;
  }

  BarKind kind() {
    return kind;
  }

  /** Returns its size in bytes, a power of two. */
  public long size() {
    return size;
  }

  /** Fills it with registers. */
  public RegisterBank registers() {
    return registers("BAR" + index, 0, Math.toIntExact(size));
  }

  /**
   * Puts registers into a part of it.
   *
   * @param name begins the names of the registers in the saved state, and must stay the same
   * @param offset where they begin, bytes
   * @param length how long the part is, bytes
   * @throws IllegalArgumentException if it does not fit there
   */
  public RegisterBank registers(String name, long offset, int length) {
    RegisterBank bank = new RegisterBank(device, name, length);
    place(offset, length, bank);
    return bank;
  }

  /**
   * Puts memory at its beginning.
   *
   * @param spec what memory; it may be shorter than the region
   * @throws IOException if the memory cannot be had, or the file with its content cannot be read
   * @throws IllegalArgumentException if it does not fit there
   */
  public DeviceMemory memory(MemorySpec spec) throws IOException {
    device.requireDeclaring();
    requireFree(0, spec.mappable() ? size : spec.size());
    DeviceMemory memory = device.addMemory(DeviceMemory.create(spec, size));
    place(0, spec.mappable() ? size : spec.size(), memory);
    mappable = spec.mappable() ? Optional.of(memory) : Optional.empty();
    return memory;
  }

  void place(long offset, long length, RegionPart part) {
    device.requireDeclaring();
    requireFree(offset, length);
    parts.add(new Placed(offset, offset + length, part));
    search = parts.toArray(Placed[]::new);
  }

  private void requireFree(long offset, long length) {
    if (offset < 0 || length <= 0 || offset > size - length) {
      throw new IllegalArgumentException(
          "%d bytes at 0x%x do not fit into BAR%d of %d bytes".formatted(length, offset, index, size));
    }
    for (Placed other : search) {
      if (offset < other.end && other.offset < offset + length) {
        throw new IllegalArgumentException("%d bytes at 0x%x of BAR%d: something lies at 0x%x to 0x%x"
            .formatted(length, offset, index, other.offset, other.end - 1));
      }
    }
  }

  Region region() {
    List<Doorbell> doorbells = new ArrayList<>();
    for (Placed placed : search) {
      if (placed.part instanceof RegisterBank bank) {
        doorbells.addAll(bank.doorbells(placed.offset));
      }
    }
    return new Region(size, true, mappable.isPresent()).withDoorbells(doorbells);
  }

  Optional<Fd> file() {
    return mappable.flatMap(DeviceMemory::file);
  }

  void read(long offset, MemorySegment into) {
    Placed whole = whole(offset, into.byteSize());
    if (whole != null) {
      whole.part.read(offset - whole.offset, into);
      return;
    }
    into.fill((byte) 0);
    for (Placed placed : search) {
      long from = Math.max(offset, placed.offset);
      long end = Math.min(offset + into.byteSize(), placed.end);
      if (from < end) {
        placed.part.read(from - placed.offset, into.asSlice(from - offset, end - from));
      }
    }
  }

  void write(long offset, MemorySegment data) {
    Placed whole = whole(offset, data.byteSize());
    if (whole != null) {
      whole.part.write(offset - whole.offset, data);
      return;
    }
    for (Placed placed : search) {
      long from = Math.max(offset, placed.offset);
      long end = Math.min(offset + data.byteSize(), placed.end);
      if (from < end) {
        placed.part.write(from - placed.offset, data.asSlice(from - offset, end - from));
      }
    }
  }

  /** Returns the part that an access lies in, null if there is none. */
  private @Nullable Placed whole(long offset, long length) {
    for (Placed placed : search) {
      if (offset >= placed.offset && offset + length <= placed.end) {
        return placed;
      }
    }
    return null;
  }
}
