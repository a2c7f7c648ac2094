// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.OpaqueDmaRead;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that replies to DMA_READ and DMA_WRITE incorrectly, late, or not at all. */
class RemoteMemoryFailureTest {

  private static final long IOVA = OpaqueDmaRead.IOVA;

  @TempDir
  private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {14, 13, 0})
  void reportsErrorToDevice(int errno) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      RawPeer.Message question = OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
      peer.send(
          RawPeer.header(question.id(), question.command(), 24, RawPeer.ERROR, errno).zeros(8).toBytes());
      assertThat(peer.reply(0x77, Command.REGION_WRITE).errno()).isZero();
      assertThat(OpaqueDmaRead.status(peer)).isEqualTo(errno == 0 ? Errno.EIO.number() : errno);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "command", "iova", "count", "short", "long", "small", "huge", "type", "end",
      "none"})
  void disconnectsOnInvalidReply(String what) throws Exception {
    ServerOptions impatient = ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(500));
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectNegotiated()) {
        RawPeer.Message question = OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
        int id = question.id();
        int command = question.command();
        byte[] good = question.reply(MessageBytes.empty().u64(IOVA, 4).u32(1));
        byte[] sent = switch (what) {
          case "id" -> RawPeer.header(id + 1, command, 36, 1, 0).u64(IOVA, 4).u32(1).toBytes();
          case "command" -> RawPeer.header(id, 12, 36, 1, 0).u64(IOVA, 4).u32(1).toBytes();
          case "iova" -> question.reply(MessageBytes.empty().u64(IOVA + 1, 4).u32(1));
          case "count" -> question.reply(MessageBytes.empty().u64(IOVA, 3).u32(1));
          case "short" -> question.reply(MessageBytes.empty().u64(IOVA, 4).u16(1));
          case "long" -> question.reply(MessageBytes.empty().u64(IOVA, 4).u64(1));
          case "small" -> RawPeer.header(id, command, 2, 1, 0).toBytes();
          case "huge" -> RawPeer.header(id, command, -1, RawPeer.ERROR, 5).toBytes();
          case "type" -> RawPeer.header(id, command, 36, 2, 0).u64(IOVA, 4).u32(1).toBytes();
          case "end" -> Arrays.copyOf(good, 30);
          default -> new byte[0];
        };
        if (sent.length > 0) {
          peer.send(sent);
        }
        assertThat(served.log().take()).startsWith("connection failed: ");
      }
      served.assertServesNext();
    }
  }

  @Test
  void reportsTimeoutToDevice() throws Exception {
    ServerOptions impatient = ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(500));
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectNegotiated()) {
        peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4096));
        peer.succeed(Command.REGION_WRITE,
            MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(10));
        peer.send(RawPeer.command(1, Command.REGION_WRITE,
            MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.TRAFFIC)));
        assertThat(served.log().take()).isEqualTo("connection failed: no message arrived in time");
      }
      assertThat(served.device().trafficErrno).isEqualTo(Errno.ETIMEDOUT.number());
      served.assertServesNext();
    }
  }

  @Test
  void disconnectsFloodingClient() throws Exception {
    try (TestServer served = TestServer.start(folder); EventFd event = EventFd.create()) {
      var before = ProcessResources.openFds();
      try (RawPeer peer = served.connectNegotiated()) {
        OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
        assertFloodEnds(peer, RawPeer.message(1, Command.MIG_DATA_WRITE, RawPeer.NO_REPLY, 0,
            MessageBytes.empty().zeros(60_000).toBytes()));
        assertThat(served.log().take())
            .isEqualTo("connection failed: too many commands while a reply is pending");
      }
      ProcessResources.awaitFds(before);
      try (RawPeer peer = served.connectNegotiated()) {
        OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
        assertFloodEnds(peer, RawPeer.message(1, Command.DEVICE_FEATURE, RawPeer.NO_REPLY, 0, new byte[0]),
            event.fd(), event.fd(), event.fd(), event.fd());
        assertThat(served.log().take())
            .isEqualTo("connection failed: too many descriptors while a reply is pending");
      }
      ProcessResources.awaitFds(before);
      served.assertServesNext();
    }
  }

  /** Commands that are executed at once use no memory, and are bounded by time. */
  @Test
  void disconnectsClientThatNeverReplies() throws Exception {
    ServerOptions impatient = ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(500));
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectNegotiated()) {
        OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
        assertFloodEnds(peer, RawPeer.message(1, Command.REGION_WRITE, RawPeer.NO_REPLY, 0,
            MessageBytes.regionAccess(2, 0, 4).u32(1).toBytes()));
        assertThat(served.log().take())
            .isEqualTo("connection failed: only commands arrived while a reply was expected");
      }
      served.assertServesNext();
    }
  }

  private static void assertFloodEnds(RawPeer peer, byte[] message, Fd... fds) {
    assertThatExceptionOfType(io.vfio4j.linux.LinuxException.class).isThrownBy(() -> {
      for (int i = 0; i < 10_000_000; i++) {
        peer.send(message, fds);
      }
    }).satisfies(e -> assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET));
  }
}
