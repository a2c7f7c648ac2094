// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every command that a client may send has a handler. */
class CommandTableTest {

  private static final String ALL =
      "{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true,\"vfio4j\":{}}}";

  @TempDir
  private Path folder;

  @ParameterizedTest
  @EnumSource
  void handlesCommandsOfTheClientOnly(Command command) throws Exception {
    boolean isHandled = switch (command.dispatch()) {
      case ALWAYS, PCI_REGION, DEFERRED -> true;
      case HANDSHAKE, CONTROL, TO_CLIENT -> false;
    };
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      peer.negotiate(ALL);
      RawPeer.Message reply = peer.call(command, MessageBytes.empty());
      assertThat(new Errno(reply.errno()).equals(Errno.ENOSYS)).isEqualTo(!isHandled);
    }
  }
}
