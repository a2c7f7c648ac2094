// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.vfio4j.linux.vfio.DeviceStructs.Region;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.MalformedCapabilityException;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionCapabilityReader;
import io.vfio4j.model.info.RegionInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The regions of a kernel device: its BARs, its config space, and others. Thread-safe. */
public final class KernelRegions {

  /** {@code VFIO_PCI_CONFIG_REGION_INDEX}. */
  public static final int CONFIG = 7;

  /** An upper limit of the size of a region's capabilities, in bytes; known regions need less. */
  private static final int MAX_INFO_SIZE = 65536;

  private static final int CONFIG_HEADER = 64;
  private static final int SUBSYSTEM_VENDOR = 0x2c;

  /**
   * A region's properties.
   *
   * @param info the properties for users
   * @param offset offset of the region in the device's file
   */
  private record CachedRegion(RegionInfo info, long offset) {
  }

  private final VfioFile file;
  private final ConcurrentMap<Integer, CachedRegion> cache = new ConcurrentHashMap<>();

  KernelRegions(VfioFile file) {
    this.file = file;
  }

  /**
   * Queries a region.
   *
   * @param index as in {@code VFIO_PCI_*_REGION_INDEX}
   * @throws DeviceException EINVAL if there is no such index
   */
  public RegionInfo info(int index) throws DeviceException {
    return region(index).info;
  }

  private CachedRegion region(int index) throws DeviceException {
    CachedRegion cached = cache.get(index);
    if (cached != null) {
      return cached;
    }
    CachedRegion queried = query(index);
    cache.put(index, queried);
    return queried;
  }

  private CachedRegion query(int index) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment reply = query(arena, index, 0);
      int fullSize = reply.get(JAVA_INT, 0);
      if ((reply.get(JAVA_INT, Region.FLAGS) & Region.CAPS) != 0 && fullSize > reply.byteSize()) {
        if (fullSize > MAX_INFO_SIZE) {
          throw malformed(index, fullSize + " bytes of capabilities");
        }
        reply = query(arena, index, fullSize - reply.byteSize());
      }
      return decode(index, reply);
    }
  }

  private MemorySegment query(Arena arena, int index, long room) throws DeviceException {
    MemorySegment reply = Struct.allocate(arena, Region.LAYOUT, room);
    reply.set(JAVA_INT, Region.INDEX, index);
    file.ioctl("query region " + index, Ioctl.VFIO_DEVICE_GET_REGION_INFO, reply);
    return reply;
  }

  private CachedRegion decode(int index, MemorySegment reply) throws DeviceException {
    int flags = reply.get(JAVA_INT, Region.FLAGS);
    long size = reply.get(JAVA_LONG, Region.SIZE);
    long offset = reply.get(JAVA_LONG, Region.OFFSET);
    if (size < 0 || offset < 0 || offset > Long.MAX_VALUE - size) {
      throw malformed(index,
          "%s bytes at %s".formatted(Long.toUnsignedString(size), Long.toUnsignedString(offset)));
    }
    return new CachedRegion(
        new RegionInfo(index, size, (flags & Region.READ) != 0, (flags & Region.WRITE) != 0,
            (flags & Region.MMAP) != 0, capabilities(index, flags, size, reply)),
        offset);
  }

  private List<RegionCapability> capabilities(int index, int flags, long size, MemorySegment reply)
      throws DeviceException {
    if ((flags & Region.CAPS) == 0) {
      return List.of();
    }
    try {
      return RegionCapabilityReader.read(reply, reply.get(JAVA_INT, Region.CAP_OFFSET), size);
    } catch (MalformedCapabilityException e) {
      throw malformed(index, String.valueOf(e.getMessage()));
    }
  }

  private DeviceException malformed(int index, String problem) {
    return new DeviceException(file.device(), "query region " + index, Errno.EPROTO,
        "%s: its driver reports an invalid region %d: %s".formatted(file.device(), index, problem), null);
  }

  /**
   * Reads from a region.
   *
   * @param index the index of the region
   * @param offset offset in the region, in bytes
   * @param into native memory
   * @throws DeviceException EINVAL beyond the end of the region, and errors of the driver
   */
  public void read(int index, long offset, MemorySegment into) throws DeviceException {
    String action = "read %d bytes at 0x%x of region %d".formatted(into.byteSize(), offset, index);
    long at = fileOffset(action, index, offset, into.byteSize());
    long done = 0;
    while (done < into.byteSize()) {
      done += checkTransferred(action, file.read(into.asSlice(done), at + done));
    }
  }

  /**
   * Writes to a region.
   *
   * @param index the index of the region
   * @param offset offset in the region, in bytes
   * @param data native memory
   * @throws DeviceException as {@link #read}
   */
  public void write(int index, long offset, MemorySegment data) throws DeviceException {
    String action = "write %d bytes at 0x%x of region %d".formatted(data.byteSize(), offset, index);
    long at = fileOffset(action, index, offset, data.byteSize());
    long done = 0;
    while (done < data.byteSize()) {
      done += checkTransferred(action, file.write(data.asSlice(done), at + done));
    }
  }

  /** Returns the offset in the file. An offset beyond the region would fall in the next one. */
  private long fileOffset(String action, int index, long offset, long length) throws DeviceException {
    CachedRegion region = region(index);
    if (offset < 0 || length > region.info.size() || offset > region.info.size() - length) {
      throw new DeviceException(file.device(), action, Errno.EINVAL);
    }
    return region.offset + offset;
  }

  private long checkTransferred(String action, long result) throws DeviceException {
    if (result == 0) {
      throw new DeviceException(file.device(), action, Errno.EIO);
    }
    if (result < 0) {
      throw new DeviceException(file.device(), action, new Errno((int) -result));
    }
    return result;
  }

  /**
   * Maps a range of a region: accesses to the memory are accesses to the device.
   *
   * @param index the index of the region
   * @param offset offset in bytes, a multiple of the page size
   * @param length length in bytes, more than 0
   * @param arena unmaps the memory when it closes, which must be before the device is reset or unbound
   * @throws DeviceException EINVAL if this range of the region cannot be mapped
   */
  public MemorySegment map(int index, long offset, long length, Arena arena) throws DeviceException {
    String action = "map %d bytes at 0x%x of region %d".formatted(length, offset, index);
    long at = fileOffset(action, index, offset, length);
    RegionInfo info = info(index);
    boolean isAllowed = info.mappable() && info.capability(RegionCapability.SparseMmap.class)
        .map(sparse -> sparse.areas().stream()
            .anyMatch(area -> offset >= area.offset() && offset + length <= area.offset() + area.size()))
        .orElse(true);
    if (!isAllowed) {
      throw new DeviceException(file.device(), action, Errno.EINVAL);
    }
    return file.map(at, length, info.writable(), arena);
  }

  /** Returns the identity in the config space; zeros for a device that has none. */
  DeviceIdentity identity(String driver) throws DeviceException {
    RegionInfo config = hasConfig() ? info(CONFIG) : null;
    if (config == null || config.size() < CONFIG_HEADER) {
      return new DeviceIdentity(file.device(), 0, 0, 0, 0, 0, driver);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = arena.allocate(CONFIG_HEADER, Integer.BYTES);
      read(CONFIG, 0, header);
      return new DeviceIdentity(file.device(), u16(header, 0), u16(header, 2), u16(header, SUBSYSTEM_VENDOR),
          u16(header, SUBSYSTEM_VENDOR + 2), header.get(JAVA_INT_UNALIGNED, 8) >>> 8, driver);
    }
  }

  private boolean hasConfig() throws DeviceException {
    try {
      info(CONFIG);
      return true;
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.EINVAL)) {
        return false;
      }
      throw e;
    }
  }

  private static int u16(MemorySegment config, long offset) {
    return Short.toUnsignedInt(config.get(JAVA_SHORT_UNALIGNED, offset));
  }
}
