// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages are independent of the system calls that carry them, except for their descriptors. */
class FramingTest {

  private static final long PAGE = 0x1000;

  @TempDir
  private Path folder;

  @Test
  void acceptsDescriptorsWithFirstByteOfSplitMessage() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
        Fd fd = TestMemory.createNumbered(5)) {
      byte[] map = RawPeer.command(1, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, PAGE, PAGE));
      for (int i = 0; i < map.length; i++) {
        peer.send(new byte[] {map[i]}, i == 0 ? new Fd[] {fd} : new Fd[0]);
      }
      assertThat(peer.reply(1, Command.DMA_MAP).errno()).isZero();
      assertThat(TestMemory.readNumber(peer, PAGE)).isEqualTo(5);
    }
  }

  @Test
  void assignsDescriptorsReceivedWithRestOfHeader() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
        Fd first = TestMemory.createNumbered(1);
        Fd second = TestMemory.createNumbered(2)) {
      byte[] one = RawPeer.command(1, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, PAGE, PAGE));
      byte[] two = RawPeer.command(2, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, 2 * PAGE, PAGE));
      for (int cut = 1; cut < Header.SIZE; cut++) {
        peer.send(java.util.Arrays.copyOf(one, cut), first);
        peer.send(java.util.Arrays.copyOfRange(one, cut, one.length));
        peer.send(two, second);
        assertThat(peer.reply(1, Command.DMA_MAP).errno()).isZero();
        assertThat(peer.reply(2, Command.DMA_MAP).errno()).isZero();
        assertThat(TestMemory.readNumber(peer, PAGE)).isEqualTo(1);
        assertThat(TestMemory.readNumber(peer, 2 * PAGE)).isEqualTo(2);
        peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(2, 0, 0));
      }
    }
  }

  @Test
  void assignsDescriptorsOfPipelinedMappings() throws Exception {
    int count = 200;
    List<Fd> fds = new ArrayList<>();
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      for (int i = 0; i < count; i++) {
        fds.add(TestMemory.createNumbered(i));
      }
      for (int i = 0; i < count; i++) {
        // Every third is not shared, as a ROM might not be.
        MessageBytes map = MessageBytes.dmaMap(3, 0, (i + 1) * PAGE, PAGE);
        peer.send(RawPeer.command(i, Command.DMA_MAP, map), i % 3 == 2 ? new Fd[0] : new Fd[] {fds.get(i)});
      }
      assertThat(peer.receive(count)).allMatch(reply -> reply.errno() == 0);
      for (int i = 0; i < count; i++) {
        if (i % 3 != 2) {
          assertThat(TestMemory.readNumber(peer, (i + 1) * PAGE)).isEqualTo(i);
        }
      }
    } finally {
      fds.forEach(Fd::close);
    }
  }

  @Test
  void assignsDescriptorsToLastMessageOfSend() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
        Fd fd = TestMemory.createNumbered(77)) {
      peer.send(
          MessageBytes.empty()
              .bytes(RawPeer.command(1, Command.DEVICE_GET_INFO, MessageBytes.empty().u32(16, 0, 0, 0)))
              .bytes(RawPeer.command(2, Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 2 * PAGE, PAGE)))
              .bytes(RawPeer.command(3, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, PAGE, PAGE))).toBytes(),
          fd);
      assertThat(peer.receive(3)).extracting(RawPeer.Message::id).containsExactly(1, 2, 3);
      assertThat(TestMemory.readNumber(peer, PAGE)).isEqualTo(77);
    }
  }

  @Test
  void answersBatchInOrder() throws Exception {
    int count = 1000;
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      MessageBytes all = MessageBytes.empty();
      for (int i = 0; i < count; i++) {
        all.bytes(
            RawPeer.command(i, Command.REGION_WRITE, MessageBytes.regionAccess(2, 4L * i, 4).u32(i * 7)));
      }
      peer.send(all.toBytes());
      assertThat(peer.receive(count)).extracting(RawPeer.Message::id)
          .containsExactlyElementsOf(java.util.stream.IntStream.range(0, count).boxed().toList());
      var read = peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(2, 0, 4 * count)).fields();
      for (int i = 0; i < count; i++) {
        assertThat(read.getInt(16 + 4 * i)).isEqualTo(i * 7);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 4096, 65536})
  void sendsNoReplyWhenNoneIsWanted(int count) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      peer.send(RawPeer.message(1, Command.REGION_WRITE, RawPeer.NO_REPLY, 0,
          MessageBytes.regionAccess(2, 0, count).u32(1234).zeros(count - 4).toBytes()));
      assertThat(peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(2, 0, 4)).fields().getInt(16))
          .isEqualTo(1234);
    }
  }

  @Test
  void sendsNoErrorWhenNoReplyIsWanted() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
        EventFd event = EventFd.create()) {
      var before = ProcessResources.openFds();
      for (Command command : Command.values()) {
        peer.send(RawPeer.message(1, command, RawPeer.NO_REPLY, 0, new byte[0]), event.fd());
      }
      peer.send(RawPeer.header(1, 4711, 16, RawPeer.NO_REPLY, 0).toBytes());
      peer.assertNoReply();
      assertThat(ProcessResources.openFds()).isEqualTo(before);
    }
  }
}
