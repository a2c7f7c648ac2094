// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The twin socket, which carries the server's own commands. */
class TwinSocketTest {

  private static final String TWIN_OPTIONS = "{\"capabilities\":{\"twin_socket\":{\"supported\":true}}}";
  private static final long IOVA = 0x10_0000;
  private static final int SIZE = 32 << 10;
  private static final ClientOptions TWIN = ClientOptions.DEFAULT.withTwinSocket(true);

  @TempDir
  private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {4096, SocketTransport.DEFAULT_BUFFER})
  void servesMemoryIdleAndBusy(int buffer) throws Exception {
    var before = ProcessResources.openFds();
    var threads = ProcessResources.threads();
    try (Arena arena = Arena.ofShared();
        TestServer served = TestServer.start(folder, ServerOptions.DEFAULT.withSocketBuffer(buffer));
        VfioUserClient client = served.connect(TWIN.withSocketBuffer(buffer))) {
      MemorySegment memory = arena.allocate(SIZE, 8);
      MemorySegment data = TestMemory.pattern(arena, SIZE);
      assertThat(client.hasTwinSocket()).isTrue();
      client.dma().map(IOVA, memory, true);
      served.device().trafficBytes = SIZE;
      client.writeRegion(TestDevice.BAR2, 0, data);
      client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, IOVA);
      client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, 300);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.TRAFFIC);
      Await.until("half of the traffic is done", () -> served.device().trafficDone >= 150);
      while (served.device().trafficDone < 300) {
        client.writeRegion(TestDevice.BAR2, 0, data);
        assertThat(served.device().trafficErrno).isZero();
      }
      assertThat(memory.mismatch(data)).isEqualTo(-1);
      client.dma().unmap(new IovaRange(IOVA, SIZE));
      client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, 8);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_READ);
      assertThat(client.readInt(TestDevice.BAR0, TestDevice.STATUS)).isEqualTo(Errno.EFAULT.number());
    }
    ProcessResources.awaitFds(before);
    assertThat(ProcessResources.threads()).isEqualTo(threads);
  }

  @Test
  void opensTwinOnRequestOnly() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      assertThat(client.hasTwinSocket()).isFalse();
    }
  }

  /** A foreign client with a twin socket. */
  private static UnixSocket twinOf(RawPeer peer) throws Exception {
    RawPeer.Message reply = peer.negotiate(TWIN_OPTIONS);
    assertThat(new String(reply.body(), 4, reply.body().length - 5, StandardCharsets.UTF_8))
        .isEqualTo("{\"capabilities\":{\"twin_socket\":{\"supported\":true,\"fd_index\":0}}}");
    assertThat(peer.fds().count()).isEqualTo(1);
    return UnixSocket.of(peer.fds().take(0));
  }

  private static RawPeer.Message receiveDmaRead(RawPeer peer, RawPeer twin) throws Exception {
    peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4096));
    peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(4));
    peer.send(RawPeer.command(0x77, Command.REGION_WRITE,
        MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_READ)));
    return twin.receive();
  }

  @Test
  void separatesServerCommands() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw();
        RawPeer twin = new RawPeer(twinOf(peer))) {
      RawPeer.Message question = receiveDmaRead(peer, twin);
      peer.send(RawPeer.command(1, Command.REGION_WRITE, MessageBytes.regionAccess(2, 100, 4).u32(5)));
      twin.send(RawPeer.message(question.id(), Command.DMA_READ, RawPeer.REPLY, 0,
          MessageBytes.empty().u64(IOVA, 4).u32(0xabcd).toBytes()));
      assertThat(peer.receive(2)).extracting(RawPeer.Message::id).containsExactly(0x77, 1);
      assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(0xabcd);
    }
  }

  /** Misuses of the twin socket by a client. */
  enum Abuse {
    CLOSED, COMMAND, FIRST_CLOSED
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.EnumSource
  void disconnectsClientMisusingTwin(Abuse abuse) throws Exception {
    var before = ProcessResources.openFds();
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = served.connectRaw(); RawPeer twin = new RawPeer(twinOf(peer))) {
        receiveDmaRead(peer, twin);
        switch (abuse) {
          case CLOSED -> twin.socket().shutdown();
          case COMMAND -> twin.send(RawPeer.command(1, Command.DEVICE_RESET, MessageBytes.empty()));
          case FIRST_CLOSED -> {
            peer.socket().shutdown();
            twin.socket().shutdown();
          }
        }
        assertThat(served.log().take()).startsWith("connection failed: ");
      }
      served.assertServesNext();
    }
    ProcessResources.awaitFds(before);
  }

  @Test
  void stopsWhileWaitingForTwin() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw();
        RawPeer twin = new RawPeer(twinOf(peer))) {
      receiveDmaRead(peer, twin);
      served.server().stop();
      served.awaitEnd();
      twin.assertEnd();
      assertThat(served.log()).isEmpty();
    }
  }

  @Test
  void opensNoTwinWithoutDescriptors() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      RawPeer.Message reply = peer.negotiate(
          "{\"capabilities\":{\"max_msg_fds\":0,\"twin_socket\":{\"supported\":true}}}");
      assertThat(new String(reply.body(), StandardCharsets.UTF_8)).doesNotContain("twin_socket");
      assertThat(peer.fds().count()).isZero();
    }
  }

  /** The descriptor index in the server's reply, and the descriptors sent. */
  @ParameterizedTest
  @CsvSource({"1, true", "0, false", "2, false", "-1, false"})
  void usesNamedDescriptor(String index, boolean isSocket) throws Exception {
    var before = ProcessResources.openFds();
    UnixSocket.Pair pair = UnixSocket.pair();
    UnixSocket.Pair twins = UnixSocket.pair();
    try (RawPeer server = new RawPeer(pair.one()); EventFd other = EventFd.create();
        UnixSocket one = twins.one(); UnixSocket two = twins.other()) {
      BackgroundTask<VfioUserClient> client =
          BackgroundTask.start("client", () -> VfioUserClient.of(pair.other(), "twin", TWIN));
      RawPeer.Message version = server.receive();
      MessageBytes body =
          MessageBytes.version(0,
              "{\"capabilities\":{\"twin_socket\":{\"supported\":true,\"fd_index\":" + index
                  + "}}}");
      List<Fd> fds = List.of(other.fd(), two.fd());
      server.send(RawPeer.message(version.id(), Command.VERSION, RawPeer.REPLY, 0, body.toBytes()),
          fds.toArray(Fd[]::new));
      if (isSocket) {
        assertThat(server.receive().command()).isEqualTo(Command.DEVICE_GET_INFO.wireValue());
        server.socket().shutdown();
      }
      assertThat(client.failure()).isInstanceOf(DeviceLostException.class);
      assertThat(one.fd().isOpen()).isTrue();
    }
    ProcessResources.awaitFds(before);
  }

  @Test
  void failsFirstSocketWithTwin() throws Exception {
    try (TestServer served = TestServer.start(folder); Arena arena = Arena.ofShared();
        VfioUserClient client = served.connect(TWIN)) {
      client.dma().map(IOVA, arena.allocate(4096), true);
      served.server().stop();
      served.awaitEnd();
      assertThatExceptionOfType(DeviceLostException.class)
          .isThrownBy(() -> client.readInt(TestDevice.BAR0, 0));
    }
  }
}
