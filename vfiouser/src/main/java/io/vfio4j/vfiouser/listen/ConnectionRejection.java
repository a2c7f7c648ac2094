// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.listen;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.VersionMessage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/** The reply to a client that is not served. */
public final class ConnectionRejection {

  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  private ConnectionRejection() {
  }

  /**
   * Replies to the client's VERSION with an error, and closes the connection.
   *
   * @throws LinuxException if the client has disconnected
   */
  public static void send(UnixSocket client, Errno errno) throws LinuxException {
    try (client; Arena arena = Arena.ofConfined(); ReceivedFds fds = new ReceivedFds()) {
      client.receiveTimeout(TIMEOUT);
      client.sendTimeout(TIMEOUT);
      MemorySegment message = arena.allocate(VersionMessage.MAX_SIZE, 8);
      if (client.receive(message, fds) >= Header.SIZE) {
        Header.write(message, Header.id(message, 0), Header.command(message, 0), Header.SIZE,
            Header.TYPE_REPLY | Header.ERROR, errno.number());
        client.send(message.asSlice(0, Header.SIZE), MemorySegment.NULL, List.of());
      }
    }
  }
}
