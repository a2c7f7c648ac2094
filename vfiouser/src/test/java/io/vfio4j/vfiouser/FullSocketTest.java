// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Both directions of a socket are full at once; peers that delay a message or an exchange with trickling
 * bytes.
 */
class FullSocketTest {

  private static final int SMALL = 4096;
  private static final int USUAL = SocketTransport.DEFAULT_BUFFER;
  private static final long IOVA = 0x10_0000;
  private static final int BODY = 32 << 10;

  @TempDir
  private Path folder;

  /** The client reads no reply before it has sent everything; both exceed the socket's buffers. */
  @ParameterizedTest
  @ValueSource(ints = {SMALL, USUAL})
  void servesPipeliningClientInOrder(int buffer) throws Exception {
    int pairs = 120;
    try (TestServer served = TestServer.start(folder, ServerOptions.DEFAULT.withSocketBuffer(buffer));
        RawPeer peer = served.connectNegotiated(); Fd fd = TestMemory.createNumbered(77)) {
      peer.socket().bufferSize(buffer);
      for (int i = 0; i < pairs; i++) {
        byte[] data = new byte[BODY];
        Arrays.fill(data, (byte) i);
        peer.send(
            RawPeer.command(2 * i, Command.REGION_WRITE, MessageBytes.regionAccess(2, 0, BODY).bytes(data)));
        peer.send(RawPeer.command(2 * i + 1, Command.REGION_READ, MessageBytes.regionAccess(2, 0, BODY)));
      }
      // Deferred messages keep their descriptors.
      peer.send(RawPeer.command(9999, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, IOVA, 4096)), fd);
      for (int i = 0; i < pairs; i++) {
        assertThat(peer.reply(2 * i, Command.REGION_WRITE).errno()).isZero();
        byte[] body = peer.reply(2 * i + 1, Command.REGION_READ).body();
        assertThat(body).hasSize(16 + BODY);
        assertThat(body[16]).isEqualTo((byte) i);
        assertThat(body[16 + BODY - 1]).isEqualTo((byte) i);
      }
      assertThat(peer.reply(9999, Command.DMA_MAP).errno()).isZero();
      assertThat(TestMemory.readNumber(peer, IOVA)).isEqualTo(77);
    }
  }

  /** The device writes the client's memory by message while the client writes the device's. */
  @ParameterizedTest
  @ValueSource(ints = {SMALL, USUAL})
  void exchangesMoreThanSocketHoldsBothWays(int buffer) throws Exception {
    try (Arena arena = Arena.ofShared();
        TestServer served = TestServer.start(folder, ServerOptions.DEFAULT.withSocketBuffer(buffer));
        VfioUserClient client = served.connect(ClientOptions.DEFAULT.withSocketBuffer(buffer))) {
      MemorySegment memory = arena.allocate(BODY, 8);
      MemorySegment data = TestMemory.pattern(arena, TestDevice.MEMORY_SIZE);
      client.dma().map(IOVA, memory, true);
      served.device().trafficBytes = BODY;
      client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, IOVA);
      client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, 400);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.TRAFFIC);
      int written = 0;
      while (served.device().trafficDone < 400) {
        client.writeRegion(TestDevice.BAR2, 0, data);
        written++;
        assertThat(served.device().trafficErrno).isZero();
      }
      assertThat(written).isPositive();
      assertThat(memory.mismatch(data.asSlice(0, BODY))).isEqualTo(-1);
    }
  }

  @Test
  void disconnectsEndlesslyPipeliningClient() throws Exception {
    ServerOptions impatient =
        ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(300)).withSocketBuffer(SMALL);
    byte[] write =
        RawPeer.command(1, Command.REGION_WRITE, MessageBytes.regionAccess(2, 0, BODY).zeros(BODY));
    byte[] read = RawPeer.command(2, Command.REGION_READ, MessageBytes.regionAccess(2, 0, BODY));
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectNegotiated()) {
        assertThatExceptionOfType(io.vfio4j.linux.LinuxException.class).isThrownBy(() -> {
          while (true) {
            peer.send(write);
            peer.send(read);
          }
        }).satisfies(e -> assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET));
        assertThat(served.log().take()).isEqualTo("connection failed: a message was not read in time");
      }
      served.assertServesNext();
    }
  }

  /** Each byte arrives well within the timeout of the whole message. */
  @Test
  void disconnectsTricklingClient() throws Exception {
    ServerOptions impatient = ServerOptions.DEFAULT.withStallTimeout(Duration.ofMillis(300));
    byte[] one = {0};
    try (TestServer served = TestServer.start(folder, impatient)) {
      try (RawPeer peer = served.connectNegotiated()) {
        peer.send(RawPeer.header(1, Command.REGION_WRITE.wireValue(), 1 << 20, 0, 0).toBytes());
        assertThatExceptionOfType(io.vfio4j.linux.LinuxException.class).isThrownBy(() -> {
          for (int i = Header.SIZE; i < 1 << 20; i++) {
            peer.send(one);
          }
        }).satisfies(e -> assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET));
        assertThat(served.log().take())
            .isEqualTo("connection failed: the rest of a message did not arrive in time");
      }
      served.assertServesNext();
    }
  }

  /** Ways in which a server may fail to reply. */
  enum Misbehaviour {
    COMMANDS, DRIPS, SILENCE
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.EnumSource
  void timesOutStallingServer(Misbehaviour instead) throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (RawPeer server = new RawPeer(pair.one())) {
      BackgroundTask<VfioUserClient> client =
          BackgroundTask.start("client", () -> VfioUserClient.of(pair.other(),
              "spun out", ClientOptions.DEFAULT.withTimeout(Duration.ofMillis(50))));
      RawPeer.Message version = server.receive();
      if (instead != Misbehaviour.SILENCE) {
        assertThatExceptionOfType(java.io.IOException.class)
            .isThrownBy(() -> stallExchange(server, version, instead));
      }
      assertThat(client.failure()).isInstanceOfSatisfying(DeviceLostException.class,
          e -> assertThat(e.errno()).isEqualTo(Errno.ETIMEDOUT))
          .hasMessageContaining("VERSION was not answered in time");
      server.assertEnd();
    }
  }

  private static void stallExchange(RawPeer server, RawPeer.Message version, Misbehaviour instead)
      throws Exception {
    if (instead == Misbehaviour.DRIPS) {
      // The body of an error reply is skipped.
      server.send(RawPeer.header(version.id(), version.command(), 32 << 20, RawPeer.ERROR, 5).toBytes());
    }
    byte[] question = RawPeer.command(1, Command.DMA_READ, MessageBytes.empty().u64(IOVA, 8));
    while (true) {
      if (instead == Misbehaviour.DRIPS) {
        server.send(new byte[] {0});
      } else {
        server.send(question);
        assertThat(server.receive().isError()).isTrue();
      }
    }
  }
}
