// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.Structs;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/** The first requests of a client: VERSION, DEVICE_GET_INFO, the identity in config space. */
final class ClientHandshake {

  private ClientHandshake() {
  }

  /**
   * The result of VERSION.
   *
   * @param version the server's reply
   * @param twinSocket the client's end of the twin socket, owned by the caller; null if there is none
   */
  record NegotiationResult(VersionMessage version, @Nullable Fd twinSocket) {

    private static NegotiationResult decode(MessageReader reader, boolean wantsTwin)
        throws LinuxException, ProtocolException {
      if (reader.remaining() > VersionMessage.MAX_SIZE) {
        throw new ProtocolException("invalid size of VERSION: " + reader.messageSize() + " bytes");
      }
      int size = (int) reader.remaining();
      try {
        int at = reader.readInPlace();
        VersionMessage version = VersionMessage.decode(reader.buffer().segment(), at, size);
        ReceivedFds fds = reader.fds();
        return new NegotiationResult(version,
            wantsTwin && version.hasTwinSocket() ? fds.take(version.twinSocketFdIndex(fds.count())) : null);
      } catch (ErrnoException e) {
        throw new ProtocolException(String.valueOf(e.getMessage()));
      }
    }

    void close() {
      if (twinSocket != null) {
        twinSocket.close();
      }
    }
  }

  private static Extensions requestedExtensions(ClientOptions options) {
    EnumSet<Extension> extensions = EnumSet.allOf(Extension.class);
    if (!options.keepState()) {
      extensions.remove(Extension.KEEP_STATE);
    }
    if (!options.keepStopped()) {
      extensions.remove(Extension.KEEP_STOPPED);
    }
    if (!options.control()) {
      extensions.remove(Extension.CONTROL);
    }
    return new Extensions(true, extensions);
  }

  /**
   * Sends the client's VERSION and receives the server's.
   *
   * @throws DeviceException EBUSY if another client is connected, or another errno with which the server
   *     refuses
   * @throws ErrnoException EINVAL if the server's version is not one that the client offered
   */
  static NegotiationResult negotiate(ClientCalls calls, ClientOptions options)
      throws DeviceException, ErrnoException {
    VersionMessage offered =
        VersionMessage.request(options.limits(), requestedExtensions(options), options.twinSocket());
    NegotiationResult granted;
    try {
      granted =
          calls.call("connect", Command.VERSION,
              head -> offered.encode(head, Header.SIZE, VersionMessage.MAX_SIZE),
              MemorySegment.NULL, reader -> NegotiationResult.decode(reader, options.twinSocket()));
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.EBUSY)) {
        throw new DeviceException(calls.name(), "connect", Errno.EBUSY,
            calls.name() + " is in use: another client is connected", e);
      }
      throw e;
    }
    VersionMessage version = granted.version();
    if (version.major() != offered.major() || version.minor() > offered.minor()) {
      granted.close();
      throw new ErrnoException(Errno.EINVAL,
          "unsupported version " + version.major() + "." + version.minor());
    }
    return granted;
  }

  /** Sends DEVICE_GET_INFO. */
  static DeviceInfo deviceInfo(ClientCalls calls) throws DeviceException {
    return calls.call("DEVICE_GET_INFO", Command.DEVICE_GET_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.DeviceInfo.SIZE).fill((byte) 0);
      head.set(LittleEndian.U32, Header.SIZE, Structs.DeviceInfo.SIZE);
      return Structs.DeviceInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, Structs.DeviceInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      return new DeviceInfo(reply.get(LittleEndian.U32, at + Structs.DeviceInfo.FLAGS),
          reply.get(LittleEndian.U32, at + Structs.DeviceInfo.NUM_REGIONS),
          reply.get(LittleEndian.U32, at + Structs.DeviceInfo.NUM_IRQS));
    });
  }

  /** Returns the identity of a device whose config space cannot be read. */
  static DeviceIdentity unknownIdentity(String name, VersionMessage version) throws ErrnoException {
    return new DeviceIdentity(name, 0, 0, 0, 0, 0, driverName(version));
  }

  private static String driverName(VersionMessage version) throws ErrnoException {
    return "vfio-user " + version.major() + "." + version.minor()
        + (version.extensions().isVfio4j() ? " (vfio4j)" : "");
  }

  /** Reads the device's identity from its config space. */
  static DeviceIdentity identity(String name, ClientRegions regions, VersionMessage version)
      throws DeviceException, ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment config = arena.allocate(64, 8);
      regions.read(Structs.RegionInfo.CONFIG_INDEX, 0, config);
      int ids = config.get(LittleEndian.U32, 0);
      int subsystem = config.get(LittleEndian.U32, 0x2c);
      return new DeviceIdentity(name, ids & 0xffff, ids >>> 16, subsystem & 0xffff, subsystem >>> 16,
          config.get(LittleEndian.U32, 8) >>> 8, driverName(version));
    }
  }
}
