// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import io.vfio4j.vfiouser.wire.Structs.WriteMulti;
import java.lang.foreign.MemorySegment;

/** REGION_READ, REGION_WRITE and REGION_WRITE_MULTI. */
public final class RegionCommands implements CommandHandlers {

  private final EmulatedDevice device;
  private final DeviceDescription description;
  private final int maxDataXferSize;
  private final boolean writeMultiple;

  /**
   * Creates the handlers.
   *
   * @param writeMultiple whether REGION_WRITE_MULTI was negotiated
   */
  public RegionCommands(EmulatedDevice device, int maxDataXferSize, boolean writeMultiple) {
    this.writeMultiple = writeMultiple;
    this.device = device;
    this.description = device.description();
    this.maxDataXferSize = maxDataXferSize;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.REGION_READ, this::read);
    table.put(Command.REGION_WRITE, this::write);
    if (writeMultiple) {
      table.put(Command.REGION_WRITE_MULTI, this::writeMulti);
    }
  }

  void read(Request request, Reply reply) throws ErrnoException {
    request.requireSize(RegionAccess.SIZE);
    int count = check(request, 0, maxDataXferSize);
    var into = reply.echo(request, RegionAccess.SIZE).data(count);
    device.readRegion(request.u32(RegionAccess.REGION), request.u64(RegionAccess.OFFSET), into);
  }

  private void write(Request request, Reply reply) throws ErrnoException {
    request.requireSize(RegionAccess.SIZE);
    int count = checkWrite(request, 0, maxDataXferSize);
    request.requireSize(RegionAccess.SIZE + count);
    reply.echo(request, RegionAccess.SIZE);
    device.writeRegion(request.u32(RegionAccess.REGION), request.u64(RegionAccess.OFFSET),
        request.data(RegionAccess.SIZE, count));
  }

  /**
   * Executes several writes, in order. If one of them is invalid, none is executed; if the device refuses
   * one, the reply is the number of writes before it.
   */
  private void writeMulti(Request request, Reply reply) throws ErrnoException {
    request.requireSize(WriteMulti.WRITES);
    long count = request.u64(0);
    int maxCount = Math.min(request.size() - WriteMulti.WRITES, maxDataXferSize) / WriteMulti.WRITE_SIZE;
    if (count < 0 || count > maxCount) {
      throw new ErrnoException(Errno.EINVAL, "%s writes in %d bytes"
          .formatted(Long.toUnsignedString(count), request.size()));
    }
    for (int i = 0; i < count; i++) {
      checkWrite(request, at(i), WriteMulti.DATA_SIZE);
    }
    long written = 0;
    try {
      while (written < count) {
        writeOne(request, at((int) written), reply);
        written++;
      }
    } catch (ErrnoException e) {
      if (written == 0) {
        throw e;
      }
    }
    reply.size(WriteMulti.WRITES).u64(0, written);
  }

  private static int at(int write) {
    return WriteMulti.WRITES + write * WriteMulti.WRITE_SIZE;
  }

  private void writeOne(Request request, int at, Reply reply) throws ErrnoException {
    int count = request.u32(at + RegionAccess.COUNT);
    // Copied to one place, because slices at varying offsets would be allocated each time.
    MemorySegment bytes = reply.scratch(count);
    MemorySegment.copy(request.body(), request.bodyOffset() + at + WriteMulti.DATA, bytes, 0, count);
    device.writeRegion(request.u32(at + RegionAccess.REGION), request.u64(at + RegionAccess.OFFSET), bytes);
  }

  private int checkWrite(Request request, int at, int maxCount) throws ErrnoException {
    int count = check(request, at, maxCount);
    int region = request.u32(at + RegionAccess.REGION);
    if (!description.regions().get(region).writable()) {
      throw new ErrnoException(Errno.EINVAL, "region " + region + " is read-only");
    }
    return count;
  }

  /** Checks the fields of an access, and returns its size in bytes. */
  private int check(Request request, int at, int maxCount) throws ErrnoException {
    long offset = request.u64(at + RegionAccess.OFFSET);
    int region = request.u32(at + RegionAccess.REGION);
    int count = request.u32(at + RegionAccess.COUNT);
    if (region < 0 || region >= description.regions().size()) {
      throw new ErrnoException(Errno.EINVAL, "no region " + Integer.toUnsignedString(region));
    }
    long size = description.regions().get(region).size();
    if (count < 0 || count > maxCount || offset < 0 || offset > size - count) {
      throw new ErrnoException(Errno.EINVAL, "access of %s bytes at 0x%x is outside region %d"
          .formatted(Integer.toUnsignedString(count), offset, region));
    }
    return count;
  }
}
