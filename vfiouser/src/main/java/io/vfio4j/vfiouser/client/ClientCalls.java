// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.MessageReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Calls to a server: a command, its reply, and what a failure means to whoever uses the device.
 *
 * @param name the device's name, for messages
 * @param channel the way to the server
 * @param isMigration whether the calls move or reset the device, or carry its state, which may take longer
 */
record ClientCalls(String name, ClientChannel channel, boolean isMigration) {

  ClientCalls(String name, ClientChannel channel) {
    this(name, channel, false);
  }

  /** Returns such as move or reset the device, or carry its state. */
  ClientCalls forMigration() {
    return new ClientCalls(name, channel, true);
  }

  /** Fills the fields of a command and tells how many bytes they have. */
  @FunctionalInterface
  interface RequestEncoder {
    int encode(MemorySegment head);
  }

  /** Calls without descriptors. */
  <T> T call(String action, Command command, RequestEncoder fields, MemorySegment data,
      ClientChannel.ReplyReader<T> replyReader) throws DeviceException {
    return call(action, command, fields, data, List.of(), replyReader);
  }

  /**
   * Sends a command and takes its reply.
   *
   * @param action what it is for, for messages
   * @param fields what it says
   * @param data what follows the fields, sent from where it lies
   * @param fds descriptors that go with it; they stay the caller's
   * @param replyReader takes the reply's body
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

  /** Resets the device, and leaves it at that. */
  void reset() throws DeviceException {
    forMigration().call("reset", Command.DEVICE_RESET, head -> 0, MemorySegment.NULL, reader -> Boolean.TRUE);
  }

  /**
   * Sends a command that is not answered, whether it succeeds or not. It is carried out before those that follow.
   *
   * @param action what it is for, for messages
   * @param fields what it says
   * @param data what follows the fields, sent from where it lies
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

  /** Reads a reply that must have at least so many bytes, all of which fit in the reader. */
  static int readBody(MessageReader reader, int bytes) throws LinuxException, ProtocolException {
    if (reader.remaining() < bytes) {
      throw new ProtocolException(
          "a reply of " + reader.remaining() + " bytes instead of " + bytes);
    }
    return reader.readInPlace(bytes);
  }
}
