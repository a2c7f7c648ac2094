// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.exchange.RemoteErrorException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.MessageReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Calls to a server: a command and its reply, with failures as exceptions of the device.
 *
 * @param name the device's name, for messages
 * @param channel the connection to the server
 * @param isMigration whether the calls move or reset the device, or carry its state: then the migration
 *     timeout applies
 */
record ClientCalls(String name, ClientChannel channel, boolean isMigration) {

  ClientCalls(String name, ClientChannel channel) {
    this(name, channel, false);
  }

  /** Returns calls with the migration timeout. */
  ClientCalls forMigration() {
    return new ClientCalls(name, channel, true);
  }

  /** Writes the fields of a command, from {@link Header#SIZE} on, and returns their size in bytes. */
  @FunctionalInterface
  interface RequestEncoder {
    int encode(MemorySegment head);
  }

  /** A request whose refusal is not an error. */
  @FunctionalInterface
  interface Query<T> {
    T execute() throws DeviceException;
  }

  /**
   * Executes a query.
   *
   * @return empty if the server refuses it, with any errno
   * @throws DeviceLostException if the connection has failed
   */
  static <T> Optional<T> unlessRefused(Query<T> query) throws DeviceLostException {
    try {
      return Optional.of(query.execute());
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      return Optional.empty();
    }
  }

  /**
   * Executes a query.
   *
   * @return empty if the server refuses it with one of these errnos
   * @throws DeviceException if it refuses it with another errno, or the connection has failed
   */
  static <T> Optional<T> unlessRefused(Set<Errno> errnos, Query<T> query) throws DeviceException {
    try {
      return Optional.of(query.execute());
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (errnos.contains(e.errno())) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Sends a command without descriptors, and receives its reply. */
  <T> T call(String action, Command command, RequestEncoder fields, MemorySegment data,
      ClientChannel.ReplyReader<T> replyReader) throws DeviceException {
    return call(action, command, fields, data, List.of(), replyReader);
  }

  /**
   * Sends a command and receives its reply.
   *
   * @param action its purpose, for messages
   * @param fields encodes its fields
   * @param data sent after the fields, without a copy
   * @param fds descriptors sent with it; they remain the caller's
   * @param replyReader reads the reply's body
   * @throws DeviceException with the server's errno if it refuses
   * @throws DeviceLostException if the connection failed, now or before
   */
  <T> T call(String action, Command command, RequestEncoder fields, MemorySegment data, List<Fd> fds,
      ClientChannel.ReplyReader<T> replyReader) throws DeviceException {
    try {
      channel.lock();
      try {
        int size = fields.encode(channel.head());
        return channel.exchange(command, size, data, fds, isMigration, replyReader);
      } finally {
        channel.unlock();
      }
    } catch (RemoteErrorException e) {
      String reason = e.reason();
      throw reason == null
          ? new DeviceException(name, action, e.errno())
          : DeviceException.refused(name, action, e.errno(), reason, e);
    } catch (IOException e) {
      throw deviceLost(action, e);
    }
  }

  /** Sends DEVICE_RESET, and nothing else. */
  void reset() throws DeviceException {
    forMigration().call("reset", Command.DEVICE_RESET, head -> 0, MemorySegment.NULL, reader -> Boolean.TRUE);
  }

  /**
   * Sends a command that has no reply, not even an error. The server handles it before later ones.
   *
   * @param action its purpose, for messages
   * @param fields encodes its fields
   * @param data sent after the fields, without a copy
   * @throws DeviceLostException if the connection failed, now or before
   */
  void post(String action, Command command, RequestEncoder fields, MemorySegment data)
      throws DeviceException {
    try {
      channel.lock();
      try {
        int size = fields.encode(channel.head());
        channel.post(command, size, data);
      } finally {
        channel.unlock();
      }
    } catch (IOException e) {
      throw deviceLost(action, e);
    }
  }

  private DeviceLostException deviceLost(String action, IOException cause) {
    return switch (cause) {
      case LinuxException e -> new DeviceLostException(name, action, e.errno(), e.errno().toString(), e);
      case ProtocolException e ->
        new DeviceLostException(name, action, e.errno(), String.valueOf(e.getMessage()), e);
      default ->
        new DeviceLostException(name, action, Errno.EPROTO, String.valueOf(cause.getMessage()), cause);
    };
  }

  /**
   * Reads the beginning of a reply's body in place.
   *
   * @param bytes the minimum size of the body, which fits in the reader's buffer
   * @return where in the buffer it begins
   * @throws ProtocolException if the body is shorter
   */
  static int readBody(MessageReader reader, int bytes) throws LinuxException, ProtocolException {
    if (reader.remaining() < bytes) {
      throw new ProtocolException(
          "a reply of " + reader.remaining() + " bytes instead of " + bytes);
    }
    return reader.readInPlace(bytes);
  }
}
