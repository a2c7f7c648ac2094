// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.command.CommandHandlers;
import io.vfio4j.vfiouser.command.ConfigSpaceCommands;
import io.vfio4j.vfiouser.command.DeviceCommands;
import io.vfio4j.vfiouser.command.FeatureCommands;
import io.vfio4j.vfiouser.command.InfoCommands;
import io.vfio4j.vfiouser.command.MigrationData;
import io.vfio4j.vfiouser.command.MoveGuard;
import io.vfio4j.vfiouser.command.StateMemoryCommands;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.log.ClientLog;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.MessageTransport;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The connection of a control client. Never waits for it, except for the rest of a message that it began. */
final class ControlConnection extends ClientConnection {

  /** Most messages handled at a time, so that a busy control client does not keep the VMM waiting. */
  private static final int MAX_MESSAGES = 16;

  private final VmmSlot vmm;
  private final long server;
  private @Nullable ConnectionCommands connectionCommands;
  private @Nullable StateMemoryCommands memoryCommands;

  /**
   * @param server identifies this run of the server
   */
  ControlConnection(DeviceContext context, VmmSlot vmm, long server, ClientLog log,
      MessageTransport transport, Duration stallTimeout) {
    super(context, log, transport, stallTimeout);
    this.vmm = vmm;
    this.server = server;
  }

  /** Returns whether the device stays in STOP when the client disconnects, if no VMM uses it. */
  boolean keepsStopped() {
    return extensions().has(Extension.KEEP_STOPPED);
  }

  /** Waits until bytes have arrived, or the timeout. */
  void awaitMessage(long timeoutNanos) throws LinuxException {
    transport.awaitReadable(timeoutNanos);
  }

  /** Returns whether a whole message has been received. */
  boolean hasReceived() throws LinuxException, ProtocolException {
    return reader.receiveNow();
  }

  /** Handles messages that have arrived. Returns false at the end of the stream. */
  boolean serveReceived() throws LinuxException, ProtocolException {
    for (int i = 0; i < MAX_MESSAGES && reader.receiveNow(); i++) {
      if (!reader.next(false)) {
        return false;
      }
      if (isNegotiated()) {
        checkSize();
        request.receive(reader);
        execute();
      } else {
        negotiate();
      }
      if (vmm.isEnding()) {
        return true; // What follows must find the connection closed.
      }
    }
    return true;
  }

  @Override
  Extensions grant(Extensions wanted) throws ErrnoException {
    if (!wanted.has(Extension.CONTROL)) {
      throw new ErrnoException(Errno.EINVAL, "a VERSION without the extension that control clients request");
    }
    EnumSet<Extension> refused = EnumSet.of(Extension.MEMORY_KINDS);
    if (!wanted.has(Extension.KEEP_STATE)) {
      refused.add(Extension.KEEP_STOPPED);
    }
    return wanted.without(refused);
  }

  @Override
  List<CommandHandlers> createHandlers(Negotiated negotiated) {
    EmulatedDevice device = context.device();
    MigrationData sessions = negotiated.migrationData();
    ConnectionCommands passing = new ConnectionCommands(context, vmm, negotiated.limits());
    connectionCommands = passing;
    StateMemoryCommands memories = new StateMemoryCommands(device, negotiated.limits().maxMsgFds());
    memoryCommands = memories;
    return List.of(
        new InfoCommands(device, context.irqs(), negotiated.limits().maxMsgFds()),
        new ConfigSpaceCommands(device, negotiated.limits().maxDataXferSize()),
        new DeviceCommands(device, context.dma().log(), sessions, moveGuard()),
        new FeatureCommands(device, sessions, context.dma().log(), negotiated.bitmaps()),
        new ControlCommands(context, vmm, server),
        new HandoverCommands(vmm),
        passing,
        memories,
        sessions);
  }

  /** Discards the image of the connection, which has changed since. */
  void discardExport() {
    if (connectionCommands != null) {
      connectionCommands.discardExport();
    }
  }

  @Override
  MoveGuard moveGuard() {
    return new MoveGuard() {
      @Override
      public void beforeMove(DeviceState target) throws ErrnoException {
        if (target == DeviceState.RUNNING) {
          context.hold().forgetExpiry();
        }
        context.hold().checkNotExpired();
      }

      @Override
      public void beforeData() throws ErrnoException {
        context.hold().checkNotExpired();
      }

      @Override
      public void onMoved() {
        context.hold().onMoved();
        discardExport();
      }

      @Override
      public void beforeReset() {
        if (vmm.isConnected() && !context.hold().isSurrendered()) {
          // No other server may run with the memory, and the VMM may have mapped it.
          context.device().keepStateMemory();
        }
      }

      @Override
      public void onReset() {
        context.hold().forgetExpiry();
        // The state that belongs to a staged connection is gone.
        vmm.dropStaged();
        if (context.hold().isSurrendered()) {
          // Another server may have the connection: without its state, this one must not continue it.
          vmm.release();
        }
        onMoved();
      }
    };
  }

  @Override
  public void close() {
    if (memoryCommands != null) {
      memoryCommands.close();
    }
    if (connectionCommands != null) {
      connectionCommands.close();
    }
    super.close();
  }
}
