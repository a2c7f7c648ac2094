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

/** REGION_READ of a control client: config space only, whose registers a read does not change. */
public final class ConfigSpaceCommands implements CommandHandlers {

  private final RegionCommands regions;

  public ConfigSpaceCommands(EmulatedDevice device, int maxDataXferSize) {
    regions = new RegionCommands(device, maxDataXferSize, false);
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.REGION_READ, this::read);
  }

  private void read(Request request, Reply reply) throws ErrnoException {
    request.requireSize(RegionAccess.SIZE);
    if (request.u32(RegionAccess.REGION) != DeviceDescription.CONFIG_REGION) {
      throw new ErrnoException(Errno.EPERM, "a control client reads config space only");
    }
    regions.read(request, reply);
  }
}
