// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.model.dma.DirtyLog;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;

/** DEVICE_RESET. */
public final class DeviceCommands implements CommandHandlers {

  private final EmulatedDevice device;
  private final DirtyLog log;
  private final MigrationData migrationData;
  private final MoveGuard guard;

  public DeviceCommands(EmulatedDevice device, DirtyLog log, MigrationData migrationData, MoveGuard guard) {
    this.device = device;
    this.log = log;
    this.migrationData = migrationData;
    this.guard = guard;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.DEVICE_RESET, this::reset);
  }

  private void reset(Request request, Reply reply) {
    guard.beforeReset();
    device.reset();
    log.clear();
    migrationData.closeEndedSessions();
    guard.onReset();
  }
}
