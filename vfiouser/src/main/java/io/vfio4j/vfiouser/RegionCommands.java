// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Structs.RegionAccess;

/** REGION_READ and REGION_WRITE. */
final class RegionCommands {

  private final EmulatedDevice device;
  private final DeviceDescription description;
  private final int maxDataXferSize;

  RegionCommands(EmulatedDevice device, int maxDataXferSize) {
    this.device = device;
    this.description = device.description();
    this.maxDataXferSize = maxDataXferSize;
  }

  void read(Request request, Reply reply) throws ErrnoException {
    int count = check(request);
    var into = reply.echo(request, RegionAccess.SIZE).data(count);
    device.readRegion(request.u32(RegionAccess.REGION), request.u64(RegionAccess.OFFSET), into);
  }

  void write(Request request, Reply reply) throws ErrnoException {
    int count = check(request);
    request.needs(RegionAccess.SIZE + count);
    int region = request.u32(RegionAccess.REGION);
    if (!description.regions().get(region).writable()) {
      throw new ErrnoException(Errno.EINVAL, "region " + region + " is read-only");
    }
    reply.echo(request, RegionAccess.SIZE);
    device.writeRegion(region, request.u64(RegionAccess.OFFSET), request.data(RegionAccess.SIZE, count));
  }

  private int check(Request request) throws ErrnoException {
    request.needs(RegionAccess.SIZE);
    long offset = request.u64(RegionAccess.OFFSET);
    int region = request.u32(RegionAccess.REGION);
    int count = request.u32(RegionAccess.COUNT);
    if (region < 0 || region >= description.regions().size()) {
      throw new ErrnoException(Errno.EINVAL, "no region " + Integer.toUnsignedString(region));
    }
    long size = description.regions().get(region).size();
    if (count < 0 || count > maxDataXferSize || offset < 0 || offset > size - count) {
      throw new ErrnoException(Errno.EINVAL, "no %s bytes at 0x%x of region %d"
          .formatted(Integer.toUnsignedString(count), offset, region));
    }
    return count;
  }
}
