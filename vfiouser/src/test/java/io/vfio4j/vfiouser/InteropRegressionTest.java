// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.foreign.BoardRegisters;
import io.vfio4j.testkit.foreign.ForeignServer;
import io.vfio4j.testkit.foreign.ServerTrait;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bugs found in other implementations. Those in dirty reports (over two mappings, over a hole, at another
 * page size, not starting at a mapping) are tested in {@code DmaLoggingTest}; surplus descriptors of a reply
 * in {@code ForeignServerRegionsTest}.
 */
class InteropRegressionTest {

  @Nested
  @DisplayName("a server")
  class ServerSide {

    @TempDir
    private Path folder;

    @Test
    @DisplayName("treats a message that arrives in several pieces as truncated")
    void acceptsSplitMessage() throws Exception {
      try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
        for (byte[] message : List.of(
            RawPeer.command(0x1234, Command.VERSION, MessageBytes.version(1, RawPeer.CAPABILITIES)),
            RawPeer.command(2, Command.REGION_WRITE, MessageBytes.regionAccess(0, 0, 4).u32(99)),
            RawPeer.command(3, Command.REGION_READ, MessageBytes.regionAccess(0, 0, 4)))) {
          for (byte one : message) {
            peer.send(new byte[] {one});
          }
        }
        assertThat(peer.reply(0x1234, Command.VERSION).errno()).isZero();
        assertThat(peer.reply(2, Command.REGION_WRITE).body()).hasSize(16);
        assertThat(peer.reply(3, Command.REGION_READ).fields().getInt(16)).isEqualTo(99);
      }
    }

    @Test
    @DisplayName("cannot receive the 1 MiB that it advertises, more than a socket holds")
    void acceptsMessageLargerThanSocketBuffer() throws Exception {
      try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
        BackgroundTask<Boolean> sender = BackgroundTask.start("sender", () -> {
          peer.send(
              RawPeer.command(1, Command.REGION_WRITE,
                  MessageBytes.regionAccess(2, 0, 1 << 20).zeros(1 << 20)));
          peer.send(RawPeer.command(2, Command.MIG_DATA_WRITE,
              MessageBytes.empty().u32(-1, 1 << 20).zeros(1 << 20)));
          return true;
        });
        // Both exceed the region, and the state: the test is that the bodies are read.
        assertThat(new Errno(peer.reply(1, Command.REGION_WRITE).errno())).isEqualTo(Errno.EINVAL);
        assertThat(new Errno(peer.reply(2, Command.MIG_DATA_WRITE).errno())).isEqualTo(Errno.EINVAL);
        assertThat(sender.result()).isTrue();
        peer.assertNoReply();
      }
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 1000})
    @DisplayName("leaves the body of a rejected command unread, and is out of step")
    void skipsBodyOfRejectedCommand(int command) throws Exception {
      try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
        peer.send(RawPeer.header(5, command, 16 + 100_000, RawPeer.COMMAND, 0).zeros(100_000).toBytes());
        RawPeer.Message reply = peer.receive();
        assertThat(reply.isError()).isTrue();
        assertThat(reply.command()).isEqualTo(command);
        peer.assertNoReply();
      }
    }

    @Test
    @DisplayName("loops endlessly for a max_data_xfer_size of 0")
    void refusesZeroTransferLimit() throws Exception {
      try (TestServer served = TestServer.start(folder)) {
        try (RawPeer peer = served.connectRaw()) {
          peer.assertRefused(Errno.EINVAL, Command.VERSION,
              MessageBytes.version(1, "{\"capabilities\":{\"max_data_xfer_size\":0}}"));
          assertThat(served.log().take()).contains("max_data_xfer_size is 0");
        }
        served.assertServesNext();
      }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 9, 100, 0x7fffffff, 0x80000000, -1})
    @DisplayName("takes a state equal to the size of its table, or beyond")
    void refusesUnknownState(int value) throws Exception {
      try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
        peer.assertRefused(Errno.EINVAL, Command.DEVICE_FEATURE,
            MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(value, -1));
        assertThat(
            peer.succeed(Command.DEVICE_FEATURE,
                MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.GET, 8))
                .fields().getInt(8))
            .isEqualTo(2);
      }
    }

    @ParameterizedTest
    @EnumSource(value = Command.class, names = {"DMA_MAP", "DMA_UNMAP", "DEVICE_GET_INFO",
        "DEVICE_GET_REGION_INFO", "DEVICE_GET_REGION_IO_FDS", "DEVICE_GET_IRQ_INFO", "DEVICE_SET_IRQS",
        "REGION_READ", "REGION_WRITE", "DEVICE_FEATURE", "MIG_DATA_READ", "MIG_DATA_WRITE"})
    @DisplayName("reads beyond the end of a request that is shorter than its struct")
    void refusesShortRequest(Command command) throws Exception {
      int whole = switch (command) {
        case DMA_MAP, DEVICE_GET_REGION_INFO -> 32;
        case DMA_UNMAP -> 24;
        case DEVICE_SET_IRQS -> 20;
        case DEVICE_FEATURE, MIG_DATA_READ, MIG_DATA_WRITE -> 8;
        default -> 16;
      };
      try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
        for (int size = 0; size < whole; size++) {
          peer.assertRefused(Errno.EINVAL, command,
              MessageBytes.empty().bytes(MessageBytes.empty().u32(4096).toBytes(size)));
        }
      }
    }

    @Test
    @DisplayName("accepts more descriptors than announced, or leaks them")
    void closesSurplusDescriptors() throws Exception {
      try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
          EventFd event = EventFd.create()) {
        var before = ProcessResources.openFds();
        Fd fd = event.fd();
        peer.assertRefused(Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x1000, 0x1000), fd, fd);
        peer.assertRefused(Errno.EINVAL, Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 3), fd, fd);
        peer.assertRefused(Errno.EINVAL, Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 2), fd, fd,
            fd);
        peer.assertRefused(Errno.EINVAL, Command.DEVICE_GET_INFO, MessageBytes.empty().u32(16, 0, 0, 0), fd,
            fd, fd, fd, fd,
            fd, fd, fd, fd);
        // As many as announced, but not needed: the command works.
        peer.succeed(Command.DEVICE_GET_INFO, MessageBytes.empty().u32(16, 0, 0, 0), fd, fd, fd, fd, fd, fd,
            fd, fd);
        peer.assertNoReply();
        assertThat(ProcessResources.openFds()).isEqualTo(before);
      }
    }

    @Test
    @DisplayName("receives descriptors without CLOEXEC")
    void setsCloseOnExec() throws Exception {
      try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
          EventFd event = EventFd.create()) {
        Set<Path> before = eventFds();
        peer.succeed(Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 1), event.fd());
        Set<Path> received = eventFds();
        received.removeAll(before);
        assertThat(received).hasSize(1).allSatisfy(fd -> assertThat(
            Files.readString(Path.of("/proc/self/fdinfo").resolve(fd.getFileName())))
            .containsPattern("(?m)^flags:\\s+02\\d{6}$"));
      }
    }

    private static Set<Path> eventFds() throws IOException {
      Set<Path> found = new HashSet<>();
      try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
        for (Path fd : open) {
          if (Files.isSymbolicLink(fd) && Files.readSymbolicLink(fd).toString().contains("[eventfd]")) {
            found.add(fd);
          }
        }
      }
      return found;
    }
  }

  @Nested
  @DisplayName("a client")
  class ClientSide {

    private final SimulatedSettings settings = SimulatedSettings.named("foreign");

    @Test
    @DisplayName("treats a reply that arrives in several pieces as truncated")
    void acceptsSplitReply() throws Exception {
      UnixSocket.Pair pair = UnixSocket.pair();
      try (Arena arena = Arena.ofConfined();
          ForeignServer server =
              ForeignServer.start(pair.one(), settings.device(), Set.of(ServerTrait.SLOW));
          VfioUserClient client = VfioUserClient.of(pair.other(), "slow", ClientOptions.DEFAULT)) {
        MemorySegment data = TestMemory.pattern(arena, BoardRegisters.SIZE);
        client.writeRegion(BoardRegisters.BAR, 0, data);
        MemorySegment back = arena.allocate(BoardRegisters.SIZE);
        client.readRegion(BoardRegisters.BAR, 0, back);
        assertThat(back.mismatch(data)).isEqualTo(-1);
        assertThat(server.violations()).isEmpty();
      }
    }

    @Test
    @DisplayName("ignores the error flag of a reply")
    void honoursErrorFlag() throws Exception {
      UnixSocket.Pair pair = UnixSocket.pair();
      try (ForeignServer server = ForeignServer.start(pair.one(), settings.device(),
          Set.of(ServerTrait.REFUSES_WHILE_STOPPED));
          VfioUserClient client = VfioUserClient.of(pair.other(), "refusing", ClientOptions.DEFAULT)) {
        client.moveTo(DeviceState.STOP_COPY);
        assertThatExceptionOfType(DeviceException.class)
            .isThrownBy(() -> client.writeInt(BoardRegisters.BAR, 0, 1))
            .isNotInstanceOf(DeviceLostException.class)
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
        assertThat(client.state()).as("the connection stays usable").isEqualTo(DeviceState.STOP_COPY);
        assertThat(server.violations()).isEmpty();
      }
    }
  }
}
