// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Peers that violate the protocol: they are disconnected, with one line in the log. */
class MalformedInputTest {

  private static final int GET_INFO = Command.DEVICE_GET_INFO.wireValue();

  @TempDir
  private Path folder;

  static Stream<Arguments> disconnectsOnMalformedMessage() {
    return Stream.of(
        arguments("size 0", RawPeer.header(1, GET_INFO, 0, 0, 0), Errno.EINVAL, "a message of 0 bytes"),
        arguments("size 15", RawPeer.header(1, GET_INFO, 15, 0, 0), Errno.EINVAL, "a message of 15 bytes"),
        arguments("size 4 GiB", RawPeer.header(1, GET_INFO, -1, 0, 0), Errno.EINVAL,
            "a message of 4294967295 bytes, more than negotiated"),
        arguments("size 2 GiB", RawPeer.header(1, 9, Integer.MIN_VALUE, 0, 0), Errno.EINVAL,
            "a message of 2147483648 bytes, more than negotiated"),
        arguments("type 2", RawPeer.header(1, GET_INFO, 32, 2, 0).zeros(16), Errno.EINVAL,
            "a message of type 2"),
        arguments("type 15", RawPeer.header(1, GET_INFO, 32, 15, 0).zeros(16), Errno.EINVAL,
            "a message of type 15"),
        arguments("bad size, no reply wanted", RawPeer.header(1, GET_INFO, 3, RawPeer.NO_REPLY, 0), null,
            "a message of 3 bytes"),
        arguments("reply unasked", RawPeer.header(1, 11, 32, RawPeer.REPLY, 0).zeros(16), null,
            "a reply without a command"),
        arguments("error reply unasked", RawPeer.header(1, GET_INFO, 16, RawPeer.ERROR, 5), null,
            "a reply without a command"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void disconnectsOnMalformedMessage(String what, MessageBytes message, @Nullable Errno answer, String line)
      throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = served.connectNegotiated()) {
        peer.send(message.toBytes());
        assertDisconnected(served, peer, answer, line);
      }
      served.assertServesNext();
    }
  }

  static Stream<Arguments> disconnectsOnInvalidFirstMessage() {
    MessageBytes version = MessageBytes.version(1, RawPeer.CAPABILITIES);
    return Stream.of(
        arguments("another command", RawPeer.header(7, GET_INFO, 32, 0, 0).zeros(16), Errno.EINVAL,
            "the first message is not a VERSION"),
        arguments("a VERSION that is a reply", RawPeer.header(7, 1, 20, 1, 0).zeros(4), null,
            "a reply without a command"),
        arguments("a VERSION of type 3", RawPeer.header(7, 1, 20, 3, 0).zeros(4), Errno.EINVAL,
            "a message of type 3"),
        arguments("a VERSION of size 3", RawPeer.header(7, 1, 3, 0, 0), Errno.EINVAL, "a message of 3 bytes"),
        arguments("a VERSION of 5000 bytes", RawPeer.header(7, 1, 5000, 0, 0), Errno.EINVAL,
            "a VERSION of 5000 bytes"),
        arguments("a VERSION of 4 GiB", RawPeer.header(7, 1, -1, 0, 0), Errno.EINVAL,
            "a message of 4294967295 bytes, more than negotiated"),
        arguments("a VERSION without a body", RawPeer.header(7, 1, 16, 0, 0), Errno.EINVAL,
            "a VERSION of 0 bytes: EINVAL (invalid argument)"),
        arguments("another major", RawPeer.header(7, 1, 20, 0, 0).u16(1).u16(0), Errno.EINVAL,
            "version 1 of the protocol: EINVAL (invalid argument)"),
        // Its flags request no reply.
        arguments("HTTP", MessageBytes.empty().text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), null,
            "the first message is not a VERSION"),
        arguments("a bad VERSION that wants no reply gets one",
            RawPeer.header(7, 1, 16 + 3, RawPeer.NO_REPLY, 0).bytes(version.toBytes(3)), Errno.EINVAL,
            "a VERSION of 3 bytes: EINVAL (invalid argument)"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void disconnectsOnInvalidFirstMessage(String what, MessageBytes message, @Nullable Errno answer,
      String line) throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = served.connectRaw()) {
        peer.send(message.toBytes());
        assertDisconnected(served, peer, answer, line);
      }
      served.assertServesNext();
    }
  }

  private static void assertDisconnected(TestServer served, RawPeer peer, @Nullable Errno answer, String line)
      throws Exception {
    if (answer != null) {
      RawPeer.Message reply = peer.receive();
      assertThat(reply.flags()).isEqualTo(RawPeer.ERROR);
      assertThat(new Errno(reply.errno())).isEqualTo(answer);
    }
    peer.assertEnd();
    assertThat(served.log().take()).isEqualTo("connection failed: " + line);
  }

  @Test
  void disconnectsOnTruncatedMessage() throws Exception {
    byte[] read = RawPeer.command(1, Command.REGION_READ, MessageBytes.regionAccess(0, 0, 4));
    try (TestServer served = TestServer.start(folder)) {
      for (int length : new int[] {1, 15, 16, 17, 31}) {
        try (RawPeer peer = served.connectNegotiated()) {
          peer.send(Arrays.copyOf(read, length));
        }
        assertThat(served.log().take())
            .isEqualTo(
                "connection failed: the connection ended within a " + (length < 16 ? "header" : "message"));
        served.assertServesNext();
      }
    }
  }

  @Test
  void disconnectsSilentClient() throws Exception {
    ServerOptions impatient = ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(500));
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectRaw()) {
        assertThat(served.log().take()).isEqualTo("connection failed: no message arrived in time");
        peer.assertEnd();
      }
      served.assertServesNext();
    }
  }

  @Test
  void disconnectsClientWithUnfinishedMessage() throws Exception {
    ServerOptions impatient = ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(500));
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectNegotiated()) {
        peer.send(RawPeer.header(1, 9, 32, 0, 0).zeros(3).toBytes());
        assertThat(served.log().take())
            .isEqualTo("connection failed: the rest of a message did not arrive in time");
        peer.assertEnd();
      }
      served.assertServesNext();
    }
  }

  @Test
  void disconnectsClientThatReadsNoReplies() throws Exception {
    ServerOptions impatient = ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(500));
    byte[] read =
        RawPeer.command(1, Command.REGION_READ, MessageBytes.regionAccess(2, 0, TestDevice.MEMORY_SIZE));
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectNegotiated()) {
        for (int i = 0; i < 500; i++) {
          peer.send(read);
        }
        assertThat(served.log().take()).isEqualTo("connection failed: a message was not read in time");
      } catch (io.vfio4j.linux.LinuxException e) {
        // The connection failed while it was still sending.
        assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET);
        assertThat(served.log().take()).isEqualTo("connection failed: a message was not read in time");
      }
      served.assertServesNext();
    }
  }

  @Test
  void disconnectsOnTooManyDescriptorsOfOneMessage() throws Exception {
    try (TestServer served = TestServer.start(folder); EventFd event = EventFd.create()) {
      var before = ProcessResources.openFds();
      Fd[] many = new Fd[200];
      Arrays.fill(many, event.fd());
      try (RawPeer peer = served.connectNegotiated()) {
        peer.send(RawPeer.header(1, GET_INFO, 32, 0, 0).zeros(4).toBytes(), many);
        peer.send(new byte[4], many);
        assertThat(served.log().take()).isEqualTo("connection failed: a message with 400 descriptors");
      }
      ProcessResources.awaitFds(before);
      served.assertServesNext();
    }
  }
}
