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

/** A region behind a base address register, composed of registers, memory and tables. Gaps read as 0. */
public final class Bar {

  private record Subregion(long offset, long end, RegionPart part) {
  }

  private final DeviceContext context;
  private final PartCollector collector;
  private final int index;
  private final BarKind kind;
  private final long size;
  private final List<Subregion> parts = new ArrayList<>(1);
  private Subregion[] subregions = new Subregion[0];
  private Optional<DeviceMemory> mappable = Optional.empty();

  Bar(DeviceContext context, PartCollector collector, int index, BarKind kind, long size) {
    if (Long.bitCount(size) != 1 || size < kind.minSize() || size > kind.maxSize()) {
      throw new IllegalArgumentException("BAR%d of %d bytes: expected a power of two from %d to %d"
          .formatted(index, size, kind.minSize(), kind.maxSize()));
    }
    this.context = context;
    this.collector = collector;
    this.index = index;
    this.kind = kind;
    this.size = size;
  }

  /** Returns the number of the base address register, 0 to 5. */
  public int index() {
    return index;
  }

  BarKind kind() {
    return kind;
  }

  /** Returns the size in bytes, a power of two. */
  public long size() {
    return size;
  }

  /** Fills the region with a register bank. */
  public RegisterBank registers() {
    return registers("BAR" + index, 0, Math.toIntExact(size));
  }

  /**
   * Places a register bank in a part of the region.
   *
   * @param name the prefix of the registers' names in the saved state, which must never change
   * @param offset offset of the bank in bytes
   * @param length length of the bank in bytes
   * @throws IllegalArgumentException if the part is not free
   */
  public RegisterBank registers(String name, long offset, int length) {
    RegisterBank bank = new RegisterBank(context, collector, name, length);
    place(offset, length, bank);
    return bank;
  }

  /**
   * Places memory at the start of the region.
   *
   * @param spec the memory, which may be shorter than the region
   * @throws IOException if the memory cannot be allocated, or the file with its content cannot be read
   * @throws IllegalArgumentException if that part of the region is not free
   */
  public DeviceMemory memory(MemorySpec spec) throws IOException {
    context.requireDeclaring();
    requireFree(0, spec.mappable() ? size : spec.size());
    DeviceMemory memory =
        collector.addMemory(DeviceMemory.create(spec, size, context.setup().passesMemory()));
    place(0, spec.mappable() ? size : spec.size(), memory);
    mappable = spec.mappable() ? Optional.of(memory) : Optional.empty();
    return memory;
  }

  void place(long offset, long length, RegionPart part) {
    context.requireDeclaring();
    requireFree(offset, length);
    parts.add(new Subregion(offset, offset + length, part));
    subregions = parts.toArray(Subregion[]::new);
  }

  private void requireFree(long offset, long length) {
    if (offset < 0 || length <= 0 || offset > size - length) {
      throw new IllegalArgumentException(
          "%d bytes at 0x%x do not fit in BAR%d of %d bytes".formatted(length, offset, index, size));
    }
    for (Subregion other : subregions) {
      if (offset < other.end && other.offset < offset + length) {
        throw new IllegalArgumentException("%d bytes at 0x%x of BAR%d overlap those at 0x%x to 0x%x"
            .formatted(length, offset, index, other.offset, other.end - 1));
      }
    }
  }

  Region region() {
    List<Doorbell> doorbells = new ArrayList<>();
    for (Subregion placed : subregions) {
      if (placed.part instanceof RegisterBank bank) {
        doorbells.addAll(bank.doorbells(placed.offset));
      }
    }
    return new Region(size, true, mappable.isPresent()).withDoorbells(doorbells);
  }

  /** Returns whether the region contains memory. */
  boolean hasMemory() {
    for (Subregion placed : subregions) {
      if (placed.part instanceof DeviceMemory) {
        return true;
      }
    }
    return false;
  }

  Optional<Fd> file() {
    return mappable.flatMap(DeviceMemory::file);
  }

  void read(long offset, MemorySegment into) {
    Subregion whole = partAt(offset, into.byteSize());
    if (whole != null) {
      whole.part.read(offset - whole.offset, into);
      return;
    }
    into.fill((byte) 0);
    for (Subregion placed : subregions) {
      long from = Math.max(offset, placed.offset);
      long end = Math.min(offset + into.byteSize(), placed.end);
      if (from < end) {
        placed.part.read(from - placed.offset, into.asSlice(from - offset, end - from));
      }
    }
  }

  void write(long offset, MemorySegment data) {
    Subregion whole = partAt(offset, data.byteSize());
    if (whole != null) {
      whole.part.write(offset - whole.offset, data);
      return;
    }
    for (Subregion placed : subregions) {
      long from = Math.max(offset, placed.offset);
      long end = Math.min(offset + data.byteSize(), placed.end);
      if (from < end) {
        placed.part.write(from - placed.offset, data.asSlice(from - offset, end - from));
      }
    }
  }

  /** Returns the part that contains the whole access, or null. */
  private @Nullable Subregion partAt(long offset, long length) {
    for (Subregion placed : subregions) {
      if (offset >= placed.offset && offset + length <= placed.end) {
        return placed;
      }
    }
    return null;
  }
}
