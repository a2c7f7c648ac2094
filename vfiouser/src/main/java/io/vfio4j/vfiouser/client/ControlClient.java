// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs;
import io.vfio4j.vfiouser.wire.Structs.ConnectionPart;
import io.vfio4j.vfiouser.wire.Structs.ConnectionToken;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * A connection to the control socket of a server (docs/control-socket.md), through which a device can be moved
 * while a VMM uses it, and with it the VMM's connection. Not thread-safe, except for what {@link #device}
 * returns.
 */
public final class ControlClient implements AutoCloseable {

  private static final Set<Errno> NOT_OFFERED = Set.of(Errno.EOPNOTSUPP, Errno.ENOSYS);

  private final VfioUserClient device;
  private final int maxData;
  private final ClientStateMemory stateMemory;

  private ControlClient(VfioUserClient device) {
    this.device = device;
    this.maxData = device.limits().maxDataXferSize();
    this.stateMemory = new ClientStateMemory(device.calls().forMigration(), device.limits().maxMsgFds());
  }

  /**
   * Connects to a control socket.
   *
   * @throws DeviceException ECONNREFUSED, ENOENT if no server listens there; EBUSY if another control client is
   *     connected; EPROTOTYPE if it is not a control socket
   */
  public static ControlClient connect(Path path, ClientOptions options) throws DeviceException {
    VfioUserClient device = VfioUserClient.connect("control:" + path, path, options.withControl(true));
    if (!device.isControl()) {
      device.close();
      throw DeviceException.refused("control:" + path, "connect", Errno.EPROTOTYPE,
          "it is not a control socket but the socket of a device", null);
    }
    return new ControlClient(device);
  }

  /** Returns the device, which ends with this connection. */
  public VfioUserClient device() {
    return device;
  }

  /** Returns the memory of the device's state, which can go by descriptor. */
  public ClientStateMemory stateMemory() {
    return stateMemory;
  }

  /**
   * Asks who uses the device.
   *
   * @throws DeviceLostException if the connection has failed
   */
  public ControlInfo info() throws DeviceException {
    return device.calls().call("CONTROL_INFO", Command.CONTROL_INFO, head -> {
      head.set(LittleEndian.U32, Header.SIZE, Structs.ControlInfo.SIZE);
      head.set(LittleEndian.U32, Header.SIZE + Structs.ControlInfo.FLAGS, 0);
      return Structs.ControlInfo.REQUEST_SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, Structs.ControlInfo.SIZE);
      return decode(reader.buffer().segment().asSlice(at, Structs.ControlInfo.SIZE));
    });
  }

  private static ControlInfo decode(MemorySegment body) throws ProtocolException {
    int flags = body.get(LittleEndian.U32, Structs.ControlInfo.FLAGS);
    long maxHold = body.get(LittleEndian.U64, Structs.ControlInfo.MAX_HOLD);
    if (maxHold < 0) {
      throw new ProtocolException(
          "CONTROL_INFO with a maximal hold of " + Long.toUnsignedString(maxHold) + " ns");
    }
    return new ControlInfo(
        (flags & Structs.ControlInfo.CONNECTED) != 0 ? Optional.of(vmm(body)) : Optional.empty(),
        (flags & Structs.ControlInfo.STAGED) != 0, (flags & Structs.ControlInfo.HELD) != 0,
        (flags & Structs.ControlInfo.SURRENDERED) != 0, Duration.ofNanos(maxHold),
        body.get(LittleEndian.U64, Structs.ControlInfo.MAPPED_REGIONS),
        body.get(LittleEndian.U64, Structs.ControlInfo.SERVER));
  }

  private static ControlInfo.Vmm vmm(MemorySegment body) {
    return new ControlInfo.Vmm(body.get(LittleEndian.U64, Structs.ControlInfo.TOKEN),
        Instant.ofEpochMilli(body.get(LittleEndian.U64, Structs.ControlInfo.CONNECTED_SINCE)),
        body.get(LittleEndian.U32, Structs.ControlInfo.PID),
        body.get(LittleEndian.U32, Structs.ControlInfo.UID),
        body.get(LittleEndian.U32, Structs.ControlInfo.MAPPINGS),
        body.get(LittleEndian.U64, Structs.ControlInfo.MAPPED_BYTES),
        body.get(LittleEndian.U32, Structs.ControlInfo.IRQS));
  }

  /**
   * Passes the memory of the device's state to another server on this machine, which does not write to it
   * before its device runs, and lets the device's next saving session omit it. The target must be in RESUMING,
   * and no session open here.
   *
   * @return empty if it was passed; otherwise why not, and the state contains it
   * @throws DeviceException EBUSY if the device is being saved; then the target must be reset
   * @throws DeviceLostException if a connection has failed
   */
  public Optional<String> passStateMemory(ControlClient target) throws DeviceException {
    Optional<ClientStateMemory.Exported> offered = stateMemory.export();
    if (offered.isEmpty()) {
      return Optional.of("%s does not offer it".formatted(device.identity().name()));
    }
    try (ClientStateMemory.Exported memories = offered.get()) {
      target.stateMemory.adopt(memories);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    stateMemory.omit();
    return Optional.empty();
  }

  /**
   * Passes the VMM's connection to another server, where it is staged: until the device runs there, that server
   * reads nothing from it. The device here must be in STOP_COPY, and there in RESUMING or STOP.
   *
   * @throws DeviceException of either device: ENOTCONN without a VMM here, EBUSY if there is one there, EINVAL
   *     if a device is in another state or the connection does not fit
   */
  public void passConnection(ControlClient target) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(Math.min(maxData, target.maxData));
      boolean isLast = false;
      for (int part = 0; !isLast; part++) {
        isLast = passPart(target, part, buffer);
      }
    }
  }

  /** Passes one part, and returns whether it is the last. */
  private boolean passPart(ControlClient target, int part, MemorySegment buffer) throws DeviceException {
    try (ReceivedFds fds = new ReceivedFds()) {
      Part exported = export(part, buffer, fds);
      target.importPart(part, exported, buffer.asSlice(0, exported.size()), fds);
      return exported.isLast();
    }
  }

  private record Part(int size, boolean isLast) {
  }

  private Part export(int part, MemorySegment buffer, ReceivedFds fds) throws DeviceException {
    return device.calls().call("CONNECTION_EXPORT", Command.CONNECTION_EXPORT,
        head -> encode(head, 0, part, (int) buffer.byteSize()), MemorySegment.NULL, reader -> {
          fds.takeAll(reader.fds());
          int at = ClientCalls.readBody(reader, ConnectionPart.SIZE);
          MemorySegment body = reader.buffer().segment();
          int flags = body.get(LittleEndian.U32, at + ConnectionPart.FLAGS);
          int size = body.get(LittleEndian.U32, at + ConnectionPart.LENGTH);
          if (size < 0 || size > buffer.byteSize() || size != reader.remaining()
              || body.get(LittleEndian.U32, at + ConnectionPart.PART) != part) {
            throw new ProtocolException("CONNECTION_EXPORT: a part of %s bytes, with %d bytes of data"
                .formatted(Integer.toUnsignedString(size), reader.remaining()));
          }
          reader.read(buffer.asSlice(0, size));
          fds.takeAll(reader.fds());
          return new Part(size, (flags & ConnectionPart.LAST) != 0);
        });
  }

  private void importPart(int part, Part exported, MemorySegment data, ReceivedFds fds)
      throws DeviceException {
    device.calls().call("CONNECTION_IMPORT", Command.CONNECTION_IMPORT,
        head -> encode(head, exported.isLast() ? ConnectionPart.LAST : 0, part, exported.size()), data,
        fds.all(),
        reader -> Boolean.TRUE);
  }

  private static int encode(MemorySegment head, int flags, int part, int size) {
    head.set(LittleEndian.U32, Header.SIZE, ConnectionPart.SIZE + size);
    head.set(LittleEndian.U32, Header.SIZE + ConnectionPart.FLAGS, flags);
    head.set(LittleEndian.U32, Header.SIZE + ConnectionPart.PART, part);
    head.set(LittleEndian.U32, Header.SIZE + ConnectionPart.LENGTH, size);
    return ConnectionPart.SIZE;
  }

  /**
   * Surrenders the connection: from now on the device does not return to RUNNING by itself, not even if this
   * client disconnects.
   *
   * @param token the connection's ({@link ControlInfo#token}); 0 without a VMM
   * @throws DeviceException ESTALE if the hold has ended, or it is another connection
   */
  public void surrender(long token) throws DeviceException {
    send(Command.CONNECTION_SURRENDER, token);
  }

  /**
   * Lets the server forget a surrendered connection, which another has. The device is reset, and free for
   * another VMM.
   *
   * @param token the connection's
   * @throws DeviceException ESTALE if it is another connection, EINVAL if it was not surrendered
   */
  public void release(long token) throws DeviceException {
    send(Command.CONNECTION_RELEASE, token);
  }

  private void send(Command command, long token) throws DeviceException {
    device.calls().call(command.name(), command, head -> {
      head.set(LittleEndian.U32, Header.SIZE, ConnectionToken.SIZE);
      head.set(LittleEndian.U32, Header.SIZE + ConnectionToken.FLAGS, 0);
      head.set(LittleEndian.U64, Header.SIZE + ConnectionToken.TOKEN, token);
      return ConnectionToken.SIZE;
    }, MemorySegment.NULL, reader -> Boolean.TRUE);
  }

  /**
   * Asks about the replacement of the VMM.
   *
   * @return empty if the server does not admit a second VMM
   * @throws DeviceLostException if the connection has failed
   */
  public Optional<HandoverInfo> handoverInfo() throws DeviceException {
    return ClientCalls.unlessRefused(NOT_OFFERED,
        () -> device.calls().call("HANDOVER_INFO", Command.HANDOVER_INFO, head -> {
          head.set(LittleEndian.U32, Header.SIZE, Structs.HandoverInfo.SIZE);
          head.set(LittleEndian.U32, Header.SIZE + Structs.HandoverInfo.FLAGS, 0);
          return Structs.HandoverInfo.REQUEST_SIZE;
        }, MemorySegment.NULL, reader -> {
          int at = ClientCalls.readBody(reader, Structs.HandoverInfo.SIZE);
          return HandoverInfo.decode(reader.buffer().segment().asSlice(at, Structs.HandoverInfo.SIZE));
        }));
  }

  /**
   * Makes the candidate the owner of the device, or only checks whether that would succeed, or disconnects it.
   *
   * @param token the candidate's; 0 for any
   * @throws DeviceException ENOTCONN without a candidate, ESTALE if it is another; EBUSY if the owner is not quiet,
   *     EINVAL if the candidate is not ready: the reason lists all that was found; EOPNOTSUPP if the server does not
   *     admit a second VMM
   */
  public HandoverResult handOver(HandoverAction action, long token) throws DeviceException {
    return device.calls().forMigration().call("HANDOVER", Command.HANDOVER, head -> {
      head.set(LittleEndian.U32, Header.SIZE, Structs.Handover.SIZE);
      head.set(LittleEndian.U32, Header.SIZE + Structs.Handover.FLAGS, action.flags());
      head.set(LittleEndian.U64, Header.SIZE + Structs.Handover.TOKEN, token);
      return Structs.Handover.REQUEST_SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, Structs.Handover.SIZE);
      return HandoverResult.decode(reader.buffer().segment().asSlice(at, Structs.Handover.SIZE));
    });
  }

  /** Disconnects. A device in RUNNING stays as it is; one that this client holds returns to RUNNING. */
  @Override
  public void close() {
    device.close();
  }
}
