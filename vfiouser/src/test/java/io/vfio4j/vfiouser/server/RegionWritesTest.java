// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static io.vfio4j.vfiouser.testing.TestDevice.BAR0;
import static io.vfio4j.vfiouser.testing.TestDevice.BAR2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.RegionWrite;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.ScriptedServer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** REGION_WRITE_MULTI and posted writes. */
class RegionWritesTest {

  private static final String MULTIPLE =
      "{\"capabilities\":{\"max_data_xfer_size\":1048576,\"write_multiple\":true}}";
  private static final String SINGLE = "{\"capabilities\":{}}";
  private static final Limits TINY = new Limits(8, 64, 65535, 1 << 20);

  @TempDir
  private Path folder;

  private static RawPeer multiple(TestServer served) throws Exception {
    RawPeer peer = served.connectRaw();
    peer.negotiate(MULTIPLE);
    return peer;
  }

  private static MessageBytes one(int region, long offset, int count, long value) {
    return MessageBytes.regionAccess(region, offset, count).u64(value);
  }

  private static MessageBytes writes(long count, MessageBytes... writes) {
    MessageBytes body = MessageBytes.empty().u64(count);
    for (MessageBytes write : writes) {
      body.bytes(write.toBytes());
    }
    return body;
  }

  private static long executedCount(RawPeer peer, MessageBytes body) throws Exception {
    RawPeer.Message reply = peer.succeed(Command.REGION_WRITE_MULTI, body);
    assertThat(reply.body()).hasSize(8);
    return reply.fields().getLong(0);
  }

  private static long read(RawPeer peer, int region, long offset) throws Exception {
    return peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(region, offset, 8)).fields()
        .getLong(16);
  }

  @Test
  void enablesWriteMultiOnRequest() throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = served.connectRaw()) {
        RawPeer.Message reply = peer.negotiate(MULTIPLE);
        assertThat(new String(reply.body(), java.nio.charset.StandardCharsets.UTF_8))
            .contains("\"write_multiple\":true");
        assertThat(executedCount(peer, writes(0))).isZero();
      }
      try (RawPeer peer = served.connectRaw()) {
        peer.negotiate("{\"capabilities\":{\"write_multiple\":false}}");
        peer.assertRefused(Errno.ENOSYS, Command.REGION_WRITE_MULTI, writes(0));
      }
    }
  }

  @Test
  void executesWritesInOrder() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = multiple(served)) {
      assertThat(executedCount(peer, writes(5, one(BAR2, 0, 8, -1), one(BAR2, 0, 4, 0x11223344L),
          one(BAR2, 1, 2, 0xaaaaL), one(BAR2, 8, 1, 0x7fL), one(BAR0, TestDevice.SCRATCH, 8, 5))))
          .isEqualTo(5);
      assertThat(read(peer, BAR2, 0)).isEqualTo(0xffffffff11aaaa44L);
      assertThat(read(peer, BAR2, 8)).isEqualTo(0x7f);
      assertThat(read(peer, BAR0, TestDevice.SCRATCH)).isEqualTo(5);
    }
  }

  @Test
  void reportsCountBeforeRefusedWrite() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = multiple(served)) {
      MessageBytes refused = one(BAR0, TestDevice.REFUSED, 4, 1);
      assertThat(executedCount(peer, writes(3, one(BAR2, 0, 8, 1), refused, one(BAR2, 8, 8, 2))))
          .isEqualTo(1);
      assertThat(read(peer, BAR2, 0)).isEqualTo(1);
      assertThat(read(peer, BAR2, 8)).isZero();
      peer.assertRefused(Errno.EACCES, Command.REGION_WRITE_MULTI, writes(2, refused, one(BAR2, 8, 8, 2)));
      assertThat(read(peer, BAR2, 8)).isZero();
    }
  }

  @Test
  void executesNoneIfOneIsInvalid() throws Exception {
    MessageBytes good = one(BAR2, 0, 8, -1);
    List<MessageBytes> nonsense =
        List.of(one(9, 0, 4, 0), one(-1, 0, 4, 0), one(BAR2, 0, 9, 0), one(BAR2, 0, -1, 0),
            one(BAR2, TestDevice.MEMORY_SIZE - 7, 8, 0), one(BAR2, -8, 8, 0), one(BAR2, Long.MAX_VALUE, 8, 0),
            one(TestDevice.ABSENT, 0, 1, 0), one(6, 0, 4, 0));
    try (TestServer served = TestServer.start(folder); RawPeer peer = multiple(served)) {
      for (MessageBytes bad : nonsense) {
        peer.assertRefused(Errno.EINVAL, Command.REGION_WRITE_MULTI, writes(2, good, bad));
      }
      for (long count : new long[] {3, -1, Long.MIN_VALUE, 0x100000002L, 0x0aaaaaaaaaaaaaabL}) {
        peer.assertRefused(Errno.EINVAL, Command.REGION_WRITE_MULTI, writes(count, good, good));
      }
      byte[] two = writes(2, good, good).toBytes();
      for (int size = 0; size < two.length; size++) {
        peer.assertRefused(Errno.EINVAL, Command.REGION_WRITE_MULTI,
            MessageBytes.empty().bytes(java.util.Arrays.copyOf(two, size)));
      }
      assertThat(read(peer, BAR2, 0)).isZero();
      assertThat(served.log()).isEmpty();
    }
  }

  @Test
  void boundsWritesByTransferSize() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      peer.negotiate("{\"capabilities\":{\"max_data_xfer_size\":64,\"write_multiple\":true}}");
      MessageBytes good = one(BAR2, 0, 8, 1);
      assertThat(executedCount(peer, writes(2, good, good))).isEqualTo(2);
      peer.assertRefused(Errno.EINVAL, Command.REGION_WRITE_MULTI, writes(3, good, good, good));
    }
  }

  @Test
  void answersNoPostedWrites() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = multiple(served)) {
      peer.send(posted(Command.REGION_WRITE, MessageBytes.regionAccess(BAR2, 0, 4).u32(1)));
      peer.send(posted(Command.REGION_WRITE, MessageBytes.regionAccess(BAR0, TestDevice.REFUSED, 4).u32(1)));
      peer.send(posted(Command.REGION_WRITE, MessageBytes.regionAccess(9, 0, 4).u32(1)));
      peer.send(posted(Command.REGION_WRITE, MessageBytes.empty().u16(1)));
      peer.send(posted(Command.REGION_WRITE_MULTI, writes(1, one(BAR2, 4, 4, 2))));
      peer.send(posted(Command.REGION_WRITE_MULTI, writes(-1)));
      peer.send(posted(Command.REGION_READ, MessageBytes.regionAccess(BAR2, 0, 4)));
      assertThat(read(peer, BAR2, 0)).isEqualTo(0x2_0000_0001L);
      peer.assertNoReply();
    }
  }

  private static byte[] posted(Command command, MessageBytes body) {
    return RawPeer.message(1, command, RawPeer.NO_REPLY, 0, body.toBytes());
  }

  /** Compares random sequences of single, posted and multiple writes with a model in plain arrays. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void deliversAllWritesInOrder(boolean tiny) throws Exception {
    ClientOptions options = tiny ? ClientOptions.DEFAULT.withLimits(TINY) : ClientOptions.DEFAULT;
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect(options);
        Arena arena = Arena.ofConfined()) {
      MemorySegment model = arena.allocate(512, 8);
      MemorySegment seen = arena.allocate(512, 8);
      Property.holdsFor(200, random -> {
        for (int i = random.nextInt(1, 6); i > 0; i--) {
          write(client, random, arena, model);
        }
        client.readRegion(BAR2, 0, seen);
        assertThat(seen.mismatch(model)).isEqualTo(-1);
      });
    }
  }

  private static void write(VfioUserClient client, RandomGenerator random, Arena arena, MemorySegment model)
      throws DeviceException {
    if (random.nextInt(3) == 0) {
      MemorySegment data = arena.allocate(random.nextInt(1, 200));
      data.fill((byte) random.nextInt());
      long offset = random.nextLong(512 - data.byteSize());
      if (random.nextBoolean()) {
        client.regions().postWrite(BAR2, offset, data);
        MemorySegment.copy(data, 0, model, offset, data.byteSize());
        data.fill((byte) 0); // The segment may be reused at once.
      } else {
        client.writeRegion(BAR2, offset, data);
        MemorySegment.copy(data, 0, model, offset, data.byteSize());
      }
      return;
    }
    List<RegionWrite> writes = new ArrayList<>();
    for (int i = random.nextInt(300); i > 0; i--) {
      RegionWrite write =
          new RegionWrite(BAR2, random.nextInt(504), random.nextInt(1, 9), random.nextLong());
      writes.add(write);
      for (int at = 0; at < write.count(); at++) {
        model.set(ValueLayout.JAVA_BYTE, write.offset() + at, (byte) (write.value() >>> (8 * at)));
      }
    }
    if (random.nextBoolean()) {
      client.regions().postAll(writes);
    } else {
      client.regions().writeAll(writes);
    }
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void batchesWritesWhenSupported(boolean known, boolean waits) throws Exception {
    List<RegionWrite> three =
        List.of(RegionWrite.ofInt(0, 8, 7), new RegionWrite(2, 5, 1, 9), RegionWrite.ofLong(0, 16, -2));
    try (ScriptedServer server = new ScriptedServer(known ? MULTIPLE : SINGLE, ClientOptions.DEFAULT,
        (request, peer) -> request.command() == 15 ? MessageBytes.empty().u64(3) : null)) {
      if (waits) {
        server.client().regions().writeAll(three);
      } else {
        server.client().regions().postAll(three);
      }
      server.client().readInt(0, 0);
      List<RawPeer.Message> told = server.received().subList(0, server.received().size() - 1);
      assertThat(told).extracting(RawPeer.Message::flags)
          .containsOnly(waits ? RawPeer.COMMAND : RawPeer.NO_REPLY);
      if (known) {
        assertThat(told).singleElement().satisfies(message -> assertThat(message.body()).isEqualTo(
            writes(3, one(0, 8, 4, 7), one(2, 5, 1, 9), one(0, 16, 8, -2)).toBytes()));
      } else {
        assertThat(told).extracting(RawPeer.Message::body).containsExactly(
            MessageBytes.regionAccess(0, 8, 4).u32(7).toBytes(),
            MessageBytes.regionAccess(2, 5, 1).bytes((byte) 9).toBytes(),
            MessageBytes.regionAccess(0, 16, 8).u64(-2).toBytes());
      }
    }
  }

  @Test
  void boundsWritesPerMessage() throws Exception {
    try (ScriptedServer server =
        new ScriptedServer(MULTIPLE, ClientOptions.DEFAULT, (request, peer) -> null)) {
      server.client().regions().postAll(java.util.Collections.nCopies(450, RegionWrite.ofInt(0, 0, 0)));
      server.client().readInt(0, 0);
      assertThat(server.received().subList(0, 3)).extracting(message -> message.fields().getLong(0))
          .containsExactly(200L, 200L, 50L);
    }
  }

  @Test
  void reportsRefusedWrite() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      List<RegionWrite> writes = List.of(RegionWrite.ofInt(BAR2, 0, 1),
          RegionWrite.ofInt(BAR0, TestDevice.REFUSED, 1), RegionWrite.ofInt(BAR2, 4, 1));
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.regions().writeAll(writes))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EACCES));
      assertThat(client.readLong(BAR2, 0)).isEqualTo(1);
      client.regions().postAll(writes);
      assertThat(client.readLong(BAR2, 0)).as("the failure is not reported").isEqualTo(1);
    }
    assertThatIllegalArgumentException().isThrownBy(() -> new RegionWrite(0, 0, 9, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new RegionWrite(0, 0, 0, 0));
  }

  @ParameterizedTest
  @ValueSource(longs = {3, -1, Long.MIN_VALUE})
  void failsOnExcessWriteCount(long count) throws Exception {
    try (ScriptedServer server = new ScriptedServer(MULTIPLE, ClientOptions.DEFAULT,
        (request, peer) -> request.command() == 15 ? MessageBytes.empty().u64(count) : null)) {
      List<RegionWrite> two = List.of(RegionWrite.ofInt(0, 0, 1), RegionWrite.ofInt(0, 4, 1));
      assertThatExceptionOfType(DeviceLostException.class)
          .isThrownBy(() -> server.client().regions().writeAll(two))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO));
    }
  }

  @Test
  void failsOnReplyToPostedWrite() throws Exception {
    try (ScriptedServer server = new ScriptedServer(MULTIPLE, ClientOptions.DEFAULT, (request, peer) -> {
      if ((request.flags() & RawPeer.NO_REPLY) != 0) {
        peer.send(request.error(22));
      }
      return null;
    })) {
      server.client().regions().postAll(List.of(RegionWrite.ofInt(0, 0, 1)));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> server.client().readInt(0, 0));
    }
  }

  @Test
  void reportsLostServerToPoster() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined()) {
      served.server().close();
      MemorySegment data = arena.allocate(4);
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> {
        while (true) {
          client.regions().postWrite(BAR2, 0, data);
        }
      });
    }
  }

  /** A guest's vCPUs may be blocked by writes, and with them the thread that would serve the memory. */
  @Test
  void executesWritesWhileDeviceWaits() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = multiple(served)) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x10000, 4096));
      peer.succeed(Command.REGION_WRITE,
          MessageBytes.regionAccess(BAR0, TestDevice.ADDRESS, 12).u64(0x10000).u32(4));
      // The second write makes the device read memory; the third follows.
      peer.send(RawPeer.command(0x70, Command.REGION_WRITE_MULTI, writes(3, one(BAR2, 16, 8, 1),
          one(BAR0, TestDevice.COMMAND, 4, TestDevice.DMA_READ), one(BAR2, 24, 8, 3))));
      RawPeer.Message question = peer.receive();
      assertThat(question.command()).isEqualTo(Command.DMA_READ.wireValue());
      assertThat(executedCount(peer, writes(2, one(BAR2, 32, 8, -1), one(BAR2, 40, 8, -2)))).isEqualTo(2);
      assertThat(read(peer, BAR2, 40)).isEqualTo(-2);
      assertThat(read(peer, BAR2, 24)).isZero();
      // A write that may concern migration is deferred, and so are all that follow.
      peer.send(RawPeer.command(0x71, Command.REGION_WRITE_MULTI,
          writes(2, one(BAR2, 40, 8, 5), one(9, 0, 4, 0))));
      peer.send(RawPeer.command(0x72, Command.REGION_READ, MessageBytes.regionAccess(BAR2, 40, 8)));
      peer.send(question.reply(MessageBytes.empty().u64(0x10000, 4).u32(77)));
      assertThat(peer.reply(0x70, Command.REGION_WRITE_MULTI).fields().getLong(0)).isEqualTo(3);
      assertThat(new Errno(peer.reply(0x71, Command.REGION_WRITE_MULTI).errno())).isEqualTo(Errno.EINVAL);
      assertThat(peer.reply(0x72, Command.REGION_READ).fields().getLong(16)).isEqualTo(-2);
      assertThat(read(peer, BAR2, 24)).isEqualTo(3);
      assertThat(read(peer, BAR0, TestDevice.COMMAND) & 0xffffffffL)
          .as("the data as the device sees it, afterwards")
          .isEqualTo(TestDevice.DMA_READ);
      assertThat(read(peer, BAR2, 0) & 0xffffffffL).isEqualTo(77);
    }
  }

  /** The device accesses memory by message; writes posted meanwhile are neither lost nor too many. */
  @Test
  void interleavesPostedWritesAndDma() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(4096, 8);
      client.dma().map(0x10000, memory, true);
      client.writeLong(BAR0, TestDevice.ADDRESS, 0x10000);
      client.writeInt(BAR0, TestDevice.LENGTH, 2000);
      client.writeInt(BAR0, TestDevice.COMMAND, TestDevice.TRAFFIC);
      MemorySegment data = arena.allocate(4, 4);
      int posted = 0;
      while (served.device().trafficDone < 2000 || posted < 20_000) {
        data.set(LittleEndian.U32, 0, ++posted);
        client.regions().postWrite(BAR2, 0, data);
      }
      assertThat(client.readInt(BAR2, 0)).isEqualTo(posted);
      assertThat(memory.get(LittleEndian.U64, 0)).isEqualTo(2000);
      assertThat(served.log()).isEmpty();
    }
  }
}
