// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.command.CommandHandlers;
import io.vfio4j.vfiouser.command.CommandTable;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.ConnectionToken;
import io.vfio4j.vfiouser.wire.Structs.ControlInfo;
import java.util.Optional;

/** CONTROL_INFO, CONNECTION_SURRENDER and CONNECTION_RELEASE. */
final class ControlCommands implements CommandHandlers {

  private final DeviceContext context;
  private final VmmSlot vmm;
  private final long server;

  /**
   * @param server identifies this run of the server
   */
  ControlCommands(DeviceContext context, VmmSlot vmm, long server) {
    this.context = context;
    this.vmm = vmm;
    this.server = server;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.CONTROL_INFO, this::info);
    table.put(Command.CONNECTION_SURRENDER, this::surrender);
    table.put(Command.CONNECTION_RELEASE, this::release);
  }

  private void info(Request request, Reply reply) throws ErrnoException {
    request.requireSize(ControlInfo.REQUEST_SIZE);
    requireRoom(request, ControlInfo.SIZE);
    requireNoFlags(request);
    Optional<VmmConnection> connection = vmm.connection();
    reply.size(ControlInfo.SIZE).u32(0, ControlInfo.SIZE).u32(ControlInfo.FLAGS, flags())
        .u64(ControlInfo.CONNECTED_SINCE, connection.map(VmmConnection::connectedSince).orElse(0L))
        .u32(ControlInfo.PID, connection.map(VmmConnection::pid).orElse(0))
        .u32(ControlInfo.UID, connection.map(VmmConnection::uid).orElse(0))
        .u32(ControlInfo.MAPPINGS, context.dma().mappingCount())
        .u32(ControlInfo.IRQS, ParkedFacts.enabled(context))
        .u64(ControlInfo.MAPPED_BYTES, context.dma().mappedBytes())
        .u64(ControlInfo.MAX_HOLD, context.hold().maxNanos())
        .u64(ControlInfo.TOKEN, connection.map(VmmConnection::token).orElse(0L))
        .u64(ControlInfo.MAPPED_REGIONS, mappedRegions())
        .u64(ControlInfo.SERVER, server);
  }

  private long mappedRegions() {
    long mapped = 0;
    for (int region : vmm.mappedRegions()) {
      mapped |= 1L << Math.min(region, Long.SIZE - 1);
    }
    return mapped;
  }

  private int flags() {
    Hold hold = context.hold();
    return (vmm.isConnected() ? ControlInfo.CONNECTED : 0)
        | (hold.isStaged() ? ControlInfo.STAGED : 0)
        | (vmm.isConnected() && hold.scope() != Hold.Scope.NOTHING ? ControlInfo.HELD : 0)
        | (hold.isSurrendered() ? ControlInfo.SURRENDERED : 0);
  }

  private void surrender(Request request, Reply reply) throws ErrnoException {
    checkToken(request);
    context.hold().checkNotExpired();
    DeviceState state = context.device().state();
    if (!context.hold().isDriven() || (state != DeviceState.STOP_COPY && state != DeviceState.STOP)) {
      throw new ErrnoException(Errno.ESTALE, "the device is in " + state
          + (context.hold().isDriven() ? "" : ": its hold has ended"));
    }
    context.hold().surrender();
    reply.echo(request, ConnectionToken.SIZE);
  }

  private void release(Request request, Reply reply) throws ErrnoException {
    checkToken(request);
    if (!context.hold().isSurrendered()) {
      throw new ErrnoException(Errno.EINVAL, "the connection was not surrendered");
    }
    vmm.release();
    reply.echo(request, ConnectionToken.SIZE);
  }

  /** The token of a device without a VMM is 0. */
  private void checkToken(Request request) throws ErrnoException {
    request.requireSize(ConnectionToken.SIZE);
    requireRoom(request, ConnectionToken.SIZE);
    requireNoFlags(request);
    long token = vmm.connection().map(VmmConnection::token).orElse(0L);
    if (request.u64(ConnectionToken.TOKEN) != token) {
      throw new ErrnoException(Errno.ESTALE, "another connection than the server's");
    }
  }

  /** Checks that the client accepts a reply of a size. */
  static void requireRoom(Request request, int bytes) throws ErrnoException {
    if (Integer.compareUnsigned(request.u32(0), bytes) < 0) {
      throw new ErrnoException(Errno.EINVAL, "argsz has no room for the reply");
    }
  }

  private static void requireNoFlags(Request request) throws ErrnoException {
    if (request.u32(ControlInfo.FLAGS) != 0) {
      throw new ErrnoException(Errno.EINVAL,
          "flags 0x" + Integer.toHexString(request.u32(ControlInfo.FLAGS)));
    }
  }
}
