// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.command.CommandHandlers;
import io.vfio4j.vfiouser.command.CommandTable;
import io.vfio4j.vfiouser.handover.ConnectionImage;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.ConnectionPart;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** CONNECTION_EXPORT and CONNECTION_IMPORT, part by part. */
final class ConnectionCommands implements CommandHandlers, AutoCloseable {

  private final DeviceContext context;
  private final VmmSlot vmm;
  private final Limits limits;
  private @Nullable ConnectionImage exported;
  private ConnectionImage.Assembler imported = new ConnectionImage.Assembler();

  ConnectionCommands(DeviceContext context, VmmSlot vmm, Limits limits) {
    this.context = context;
    this.vmm = vmm;
    this.limits = limits;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.CONNECTION_EXPORT, this::exportPart);
    table.put(Command.CONNECTION_IMPORT, this::importPart);
  }

  private void exportPart(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(ConnectionPart.SIZE);
    int part = request.u32(ConnectionPart.PART);
    int room = request.u32(ConnectionPart.LENGTH);
    if (request.u32(ConnectionPart.FLAGS) != 0 || room < 1 || room > limits.maxDataXferSize()) {
      throw new ErrnoException(Errno.EINVAL,
          "CONNECTION_EXPORT of " + Integer.toUnsignedString(room) + " bytes");
    }
    context.hold().checkNotExpired();
    if (!context.hold().isDriven() || context.device().state() != DeviceState.STOP_COPY) {
      throw new ErrnoException(Errno.EINVAL,
          "the connection is passed on in STOP_COPY only; the device is in " + context.device().state());
    }
    ConnectionImage image = part == 0 ? vmm.export() : exported;
    if (image == null) {
      throw new ErrnoException(Errno.EINVAL,
          "part %s without part 0".formatted(Integer.toUnsignedString(part)));
    }
    exported = image;
    ConnectionImage.Part next = image.part(part, room, limits.maxMsgFds());
    int size = (int) next.bytes().byteSize();
    reply.size(ConnectionPart.SIZE).u32(0, ConnectionPart.SIZE + size)
        .u32(ConnectionPart.FLAGS, next.isLast() ? ConnectionPart.LAST : 0).u32(ConnectionPart.PART, part)
        .u32(ConnectionPart.LENGTH, size).fds(next.fds());
    reply.data(size).copyFrom(next.bytes());
  }

  private void importPart(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(ConnectionPart.SIZE);
    int size = request.u32(ConnectionPart.LENGTH);
    int flags = request.u32(ConnectionPart.FLAGS);
    if ((flags & ~ConnectionPart.LAST) != 0 || size < 0 || size != request.size() - ConnectionPart.SIZE) {
      throw new ErrnoException(Errno.EINVAL,
          "CONNECTION_IMPORT of " + Integer.toUnsignedString(size) + " bytes");
    }
    checkImportable();
    if (request.u32(ConnectionPart.PART) == 0) {
      imported.close();
      imported = new ConnectionImage.Assembler();
    }
    if (request.u32(ConnectionPart.PART) != imported.next()) {
      throw new ErrnoException(Errno.EINVAL, "part %s instead of %d".formatted(
          Integer.toUnsignedString(request.u32(ConnectionPart.PART)), imported.next()));
    }
    List<Fd> fds = request.fds().all();
    MemorySegment data = size == 0 ? MemorySegment.NULL : request.data(ConnectionPart.SIZE, size);
    imported.append(data, fds);
    reply.echo(request, ConnectionPart.SIZE);
    if ((flags & ConnectionPart.LAST) != 0) {
      try (ConnectionImage image = imported.build()) {
        imported = new ConnectionImage.Assembler();
        vmm.stage(image);
      }
    }
  }

  /** Discards the image of which parts were returned. */
  void discardExport() {
    exported = null;
  }

  private void checkImportable() throws ErrnoException {
    context.hold().checkNotExpired();
    DeviceState state = context.device().state();
    if (!context.hold().isDriven() || (state != DeviceState.RESUMING && state != DeviceState.STOP)) {
      throw new ErrnoException(Errno.EINVAL,
          "a connection is continued in RESUMING or STOP only; the device is in " + state);
    }
  }

  @Override
  public void close() {
    imported.close();
  }
}
