// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;

/** DEVICE_RESET. */
final class DeviceCommands implements CommandHandlers {

  private final DeviceContext context;
  private final MigrationData migrationData;

  DeviceCommands(DeviceContext context, MigrationData migrationData) {
    this.context = context;
    this.migrationData = migrationData;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.DEVICE_RESET, this::reset);
  }

  private void reset(Request request, Reply reply) {
    context.device().reset();
    context.dma().log().clear();
    migrationData.closeEndedSessions();
  }
}
