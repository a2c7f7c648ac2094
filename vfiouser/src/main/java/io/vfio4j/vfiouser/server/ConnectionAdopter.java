// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.handover.ConnectionHead;
import io.vfio4j.vfiouser.handover.ConnectionRecord;
import io.vfio4j.vfiouser.handover.RecordKind;
import io.vfio4j.vfiouser.handover.ReplayTransport;
import io.vfio4j.vfiouser.log.ClientLog;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SocketTransport;
import io.vfio4j.vfiouser.wire.UnreadBytes;
import java.util.ArrayList;
import java.util.List;

/** Makes a connection from the image of one. On the thread that then serves it. */
record ConnectionAdopter(DeviceContext context) {

  /**
   * A connection that continues another.
   *
   * @param socket its socket, which it owns
   */
  record Adopted(ServerConnection connection, Fd socket) {
  }

  /**
   * Makes a connection.
   *
   * @param records those of the image, whose descriptors stay the image's
   * @throws ErrnoException EINVAL if it does not fit the device or the limits, or others that prevent a mapping
   */
  Adopted adopt(ConnectionHead head, List<ConnectionRecord> records, ClientLog log)
      throws ErrnoException, LinuxException {
    List<Fd> sockets = SetupMessages.duplicates(records.getFirst().fds());
    UnixSocket client = null;
    UnixSocket twin = null;
    ServerConnection connection = null;
    try {
      twin = head.hasTwin() ? UnixSocket.of(sockets.get(1)) : null;
      client = UnixSocket.of(sockets.get(0));
      connection = new ServerConnection(context, log, transport(client, records));
      connection.adopt(head, records, twin);
      return new Adopted(connection, client.fd());
    } catch (LinuxException | ErrnoException | RuntimeException e) {
      if (connection != null) {
        connection.close();
      } else {
        if (client != null) {
          client.close();
        }
        if (twin != null) {
          twin.close();
        }
      }
      sockets.forEach(Fd::close);
      throw e;
    }
  }

  private MessageTransport transport(UnixSocket client, List<ConnectionRecord> records)
      throws ErrnoException, LinuxException {
    ServerOptions options = context.options();
    List<UnreadBytes> unread = new ArrayList<>();
    MessageTransport transport =
        SocketTransport.withTimeout(client, options.stallTimeout(), options.busyPoll(),
            options.socketBuffer());
    try {
      for (ConnectionRecord record : records) {
        if (record.kind() == RecordKind.INPUT) {
          unread.add(new UnreadBytes(record.body(), SetupMessages.duplicates(record.fds())));
        }
      }
    } catch (ErrnoException e) {
      new ReplayTransport(transport, unread).close();
      throw e;
    }
    return new ReplayTransport(transport, unread);
  }
}
