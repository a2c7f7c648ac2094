// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.OpaqueDmaRead;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory that stays with the client: the server accesses it by DMA_READ and DMA_WRITE. */
class RemoteMemoryTest {

  private static final long IOVA = OpaqueDmaRead.IOVA;
  private static final int SIZE = 128 << 10;

  @TempDir
  private Path folder;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = arena.allocate(SIZE, 8);

  @AfterEach
  void free() {
    arena.close();
  }

  private static Errno dma(VfioUserClient client, int what, long iova, int length) throws Exception {
    client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, iova);
    client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, length);
    client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, what);
    return new Errno(client.readInt(TestDevice.BAR0, TestDevice.STATUS));
  }

  @Test
  void servesMemoryDuringCall() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      client.dma().map(IOVA, memory, true);
      MemorySegment.copy(TestMemory.pattern(arena, 65536), 0, memory, 0, 65536);
      assertThat(dma(client, TestDevice.DMA_READ, IOVA, 65536)).isEqualTo(new Errno(0));
      assertThat(dma(client, TestDevice.DMA_WRITE, IOVA + 65536, 65536)).isEqualTo(new Errno(0));
      assertThat(memory.asSlice(65536).mismatch(memory.asSlice(0, 65536))).isEqualTo(-1);
      assertThat(dma(client, TestDevice.DMA_WRITE_LONG, IOVA + 3, 0)).isEqualTo(new Errno(0));
      assertThat(memory.get(LittleEndian.U64, 3)).isEqualTo(TestDevice.LONG_VALUE);
    }
  }

  @Test
  void splitsByClientsLimit() throws Exception {
    try (TestServer served = TestServer.start(folder);
        VfioUserClient client =
            served.connect(ClientOptions.DEFAULT.withLimits(new Limits(8, 100, 65535, 1 << 20)))) {
      client.dma().map(IOVA, memory, true);
      MemorySegment.copy(TestMemory.pattern(arena, 4096), 0, memory, 0, 4096);
      assertThat(dma(client, TestDevice.DMA_READ, IOVA, 4096)).isEqualTo(new Errno(0));
      assertThat(served.device().memory().asSlice(0, 4096).mismatch(memory.asSlice(0, 4096))).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1000, 20_000})
  void servesMemoryIdleAndBusy(int count) throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      client.dma().map(IOVA, memory, true);
      client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, IOVA);
      client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, count);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.TRAFFIC);
      Await.until("half of the traffic is done", () -> served.device().trafficDone >= count / 2);
      for (int i = 0; i < 500; i++) {
        client.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, i);
        assertThat(client.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(i);
      }
      Await.until("the traffic is done", () -> served.device().trafficDone >= count);
      assertThat(served.device().trafficErrno).isZero();
      assertThat(memory.get(LittleEndian.U64, 0)).isEqualTo(count);
    }
  }

  @Test
  void refusesAccessOutsideMapping() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      client.dma().map(IOVA, memory.asSlice(0, 4096), false);
      client.dma().map(IOVA + 4096, memory.asSlice(4096, 4096), true);
      assertThat(dma(client, TestDevice.DMA_WRITE, IOVA, 8)).isEqualTo(Errno.EACCES);
      assertThat(dma(client, TestDevice.DMA_READ, IOVA + 4000, 200)).isEqualTo(new Errno(0));
      assertThat(dma(client, TestDevice.DMA_READ, IOVA + 8000, 200)).isEqualTo(Errno.EFAULT);
      client.dma().unmap(new IovaRange(IOVA + 4096, 4096));
      assertThat(dma(client, TestDevice.DMA_READ, IOVA + 4000, 200)).isEqualTo(Errno.EFAULT);
    }
  }

  @Test
  void keepsOldMappingWhenRefused() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      memory.set(LittleEndian.U32, 0, 31);
      client.dma().map(IOVA, memory.asSlice(0, 8192), true);
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> client.dma().map(IOVA, memory.asSlice(16384, 4096), true));
      assertThat(dma(client, TestDevice.DMA_READ, IOVA, 4)).isEqualTo(new Errno(0));
      assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(31);
    }
  }

  @Test
  void deliversWrittenData() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      served.device().memory().set(LittleEndian.U32, 0, 99);
      RawPeer.Message question = OpaqueDmaRead.trigger(peer, TestDevice.DMA_WRITE);
      assertThat(question.command()).isEqualTo(Command.DMA_WRITE.wireValue());
      assertThat(question.fields().getInt(16)).isEqualTo(99);
      peer.send(question.reply(MessageBytes.empty().u64(IOVA, 4)));
      assertThat(peer.reply(0x77, Command.REGION_WRITE).errno()).isZero();
      assertThat(OpaqueDmaRead.status(peer)).isZero();
    }
  }

  /** QEMU cannot reply while one of its vCPUs waits for a register. */
  @Test
  void executesCommandsDuringPendingRead() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
        Fd fd = TestMemory.createNumbered(8)) {
      RawPeer.Message question = OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
      peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(2, 100, 4).u32(5));
      assertThat(peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(2, 100, 4)).fields().getInt(16))
          .isEqualTo(5);
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(7, 0, 4 * IOVA, 4096), fd);
      peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(2, 200, 40_000).zeros(40_000));
      peer.assertRefused(Errno.EINVAL, Command.DEVICE_GET_INFO, MessageBytes.empty().u32(3, 0, 0, 0));
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(7, 0, 6 * IOVA, 4096), fd);
      peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, 6 * IOVA, 4096));
      peer.send(question.reply(MessageBytes.empty().u64(IOVA, 4).u32(0xabcd)));
      // Another mapping directly after the reply, which arrives with the same read, with its own descriptor.
      peer.send(RawPeer.command(5, Command.DMA_MAP, MessageBytes.dmaMap(7, 0, 5 * IOVA, 4096)), fd);
      assertThat(peer.receive(2)).extracting(RawPeer.Message::id).containsExactly(0x77, 5);
      assertThat(OpaqueDmaRead.status(peer)).isZero();
      assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(0xabcd);
      assertThat(TestMemory.readNumber(peer, 4 * IOVA)).isEqualTo(8);
      assertThat(TestMemory.readNumber(peer, 5 * IOVA)).isEqualTo(8);
    }
  }

  /** A command that concerns the device as a whole is deferred, and so are all that follow. */
  @Test
  void defersMigrationDuringPendingRead() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      RawPeer.Message question = OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
      peer.send(RawPeer.command(1, Command.REGION_WRITE, MessageBytes.regionAccess(2, 100, 4).u32(5)));
      peer.send(RawPeer.command(2, Command.DEVICE_FEATURE, MessageBytes.empty().u32(16, 0x10002).u32(0, 0)));
      peer.send(RawPeer.command(3, Command.REGION_READ, MessageBytes.regionAccess(2, 100, 4)));
      assertThat(peer.reply(1, Command.REGION_WRITE).errno()).isZero();
      peer.send(question.reply(MessageBytes.empty().u64(IOVA, 4).u32(0xabcd)));
      assertThat(peer.receive(3)).extracting(RawPeer.Message::id).containsExactly(0x77, 2, 3);
      assertThat(OpaqueDmaRead.status(peer)).isZero();
    }
  }

  /** Nested accesses: the client replies to the device's requests in any order. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nestsPendingReads(boolean newestFirst) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      RawPeer.Message first = OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
      peer.send(RawPeer.command(0x78, Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_WRITE_LONG)));
      RawPeer.Message second = peer.receive();
      assertThat(second.command()).isEqualTo(Command.DMA_WRITE.wireValue());
      byte[] read = first.reply(MessageBytes.empty().u64(IOVA, 4).u32(0xabcd));
      byte[] written = second.reply(MessageBytes.empty().u64(IOVA, 8));
      peer.send(newestFirst ? written : read);
      peer.send(newestFirst ? read : written);
      // The last write completed first, because it was nested in the other.
      assertThat(peer.receive(2)).extracting(RawPeer.Message::id).containsExactly(0x78, 0x77);
      assertThat(OpaqueDmaRead.status(peer)).isZero();
      assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(0xabcd);
    }
  }

  /** Beyond a certain depth a command is deferred, to bound the stack. */
  @Test
  void boundsNestedReads() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      List<RawPeer.Message> questions =
          new ArrayList<>(List.of(OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ)));
      for (int i = 0; i < 4; i++) {
        peer.send(RawPeer.command(i, Command.REGION_WRITE,
            MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_READ)));
        questions.add(peer.receive());
      }
      peer.send(RawPeer.command(9, Command.REGION_READ, MessageBytes.regionAccess(0, TestDevice.STATUS, 4)));
      for (RawPeer.Message question : questions) {
        peer.send(question.reply(MessageBytes.empty().u64(IOVA, 4).u32(1)));
      }
      assertThat(peer.receive(6)).extracting(RawPeer.Message::id).containsExactly(3, 2, 1, 0, 0x77, 9);
    }
  }

  /**
   * A client that waits for its reset may not reply: the device's access is aborted, and the late reply is
   * dropped.
   */
  @Test
  void resetsDuringPendingDmaRead() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      for (int round = 0; round < 100; round++) {
        RawPeer.Message question = OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
        peer.send(RawPeer.command(1, Command.DEVICE_RESET, MessageBytes.empty()));
        List<RawPeer.Message> replies = peer.receive(2);
        assertThat(replies).extracting(RawPeer.Message::id).containsExactly(0x77, 1);
        assertThat(replies).extracting(RawPeer.Message::errno).containsOnly(0);
        peer.send(question.reply(MessageBytes.empty().u64(IOVA, 4).u32(0xabcd)));
        assertThat(served.device().memory().get(LittleEndian.U32, 0)).isZero();
        assertThat(OpaqueDmaRead.status(peer)).isZero();
        assertThat(served.device().resets).isEqualTo(round + 1);
      }
    }
  }

  @Test
  void boundsAbortedReads() throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = served.connectNegotiated()) {
        for (int round = 0; round < 64; round++) {
          OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
          peer.send(RawPeer.command(1, Command.DEVICE_RESET, MessageBytes.empty()));
          peer.receive(2);
        }
        OpaqueDmaRead.trigger(peer, TestDevice.DMA_READ);
        peer.send(RawPeer.command(1, Command.DEVICE_RESET, MessageBytes.empty()));
        assertThat(served.log().take())
            .isEqualTo("connection failed: too many resets while a reply is pending");
      }
      served.assertServesNext();
    }
  }

  /** Each part is checked again: memory that has become read-only meanwhile is not written. */
  @Test
  void observesMappingChangedDuringAccess() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated();
        Fd fd = TestMemory.createNumbered(8)) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4096));
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(7, 0, IOVA + 4096, 4096), fd);
      peer.succeed(Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA + 4088).u32(16));
      peer.send(RawPeer.command(0x77, Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_WRITE)));
      RawPeer.Message question = peer.receive();
      peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA + 4096, 4096));
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(5, 0, IOVA + 4096, 4096), fd);
      peer.send(question.reply(MessageBytes.empty().u64(IOVA + 4088, 8)));
      assertThat(peer.reply(0x77, Command.REGION_WRITE).errno()).isZero();
      assertThat(OpaqueDmaRead.status(peer)).isEqualTo(Errno.EACCES.number());
      assertThat(TestMemory.readNumber(peer, IOVA + 4096)).isEqualTo(8);
    }
  }

  /**
   * Regression: the reader's buffer was still held after the traffic, and the command's data was overwritten.
   */
  @Test
  void preservesRequestDuringPendingRead() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4096));
      peer.succeed(Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(1));
      peer.send(RawPeer.message(0x78, Command.REGION_WRITE, RawPeer.NO_REPLY, 0,
          MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.TRAFFIC).toBytes()));
      peer.send(peer.receive().reply(MessageBytes.empty().u64(IOVA, 8)));
      Await.until("the traffic is done", () -> served.device().trafficDone == 1);
      // The device reads the data again after its DMA.
      peer.send(RawPeer.command(0x79, Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_READ)));
      RawPeer.Message question = peer.receive();
      for (int i = 0; i < 300; i++) {
        peer.send(RawPeer.command(i, Command.REGION_WRITE, MessageBytes.regionAccess(2, 1000, 4).u32(-1)));
      }
      peer.send(question.reply(MessageBytes.empty().u64(IOVA, 1).bytes((byte) 1)));
      assertThat(peer.receive(301)).extracting(RawPeer.Message::errno).containsOnly(0);
      assertThat(peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(0, TestDevice.COMMAND, 4))
          .fields().getInt(16))
          .isEqualTo(TestDevice.DMA_READ);
    }
  }
}
