// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static io.vfio4j.vfiouser.testing.TestDevice.BAR0;
import static io.vfio4j.vfiouser.testing.TestDevice.DOORBELLS;
import static io.vfio4j.vfiouser.testing.TestDevice.RECORDED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.Doorbell;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.Doorbells;
import io.vfio4j.vfiouser.client.RegionWrite;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DeviceDescription.Region;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.ScriptedServer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DoorbellsTest {

  private static final int MAX_FDS = 8;

  @TempDir
  private Path folder;

  private static MessageBytes request(int argsz, int region) {
    return MessageBytes.empty().u32(argsz, 0, region, 0);
  }

  private static MessageBytes entry(long offset, long size, int fd, int type, int flags, long match) {
    return MessageBytes.empty().u64(offset, size).u32(fd, type, flags, 0).u64(0, match);
  }

  private static MessageBytes reply(int region, int count, MessageBytes... entries) {
    MessageBytes body = MessageBytes.empty().u32(16 + 48 * count, 0, region, count);
    for (MessageBytes entry : entries) {
      body.bytes(entry.toBytes());
    }
    return body;
  }

  @Test
  void sendsFirstDoorbellsWithinDescriptorLimit() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      RawPeer.Message reply =
          peer.succeed(Command.DEVICE_GET_REGION_IO_FDS, request(16 + 48 * MAX_FDS, BAR0));
      MessageBytes[] expected = new MessageBytes[MAX_FDS];
      for (int i = 0; i < MAX_FDS; i++) {
        Doorbell doorbell = DOORBELLS.get(i);
        expected[i] =
            entry(doorbell.offset(), doorbell.size(), i, 0, doorbell.datamatch().isPresent() ? 1 : 0,
                doorbell.datamatch().orElse(0));
      }
      assertThat(reply.body()).isEqualTo(reply(BAR0, MAX_FDS, expected).toBytes());
      assertThat(peer.fds().count()).isEqualTo(MAX_FDS);
    }
  }

  @Test
  void reportsRequiredArgsz() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      for (int argsz : new int[] {16, 63, 16 + 48 * MAX_FDS - 1}) {
        assertThat(peer.succeed(Command.DEVICE_GET_REGION_IO_FDS, request(argsz, BAR0)).body())
            .isEqualTo(reply(BAR0, MAX_FDS).toBytes());
      }
      assertThat(peer.succeed(Command.DEVICE_GET_REGION_IO_FDS, request(-1, TestDevice.BAR2)).body())
          .isEqualTo(reply(TestDevice.BAR2, 0).toBytes());
      assertThat(peer.fds().count()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "3, 3", "200, 8"})
  void observesClientsDescriptorLimit(int limit, int given) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      peer.negotiate("{\"capabilities\":{\"max_msg_fds\":" + limit + "}}");
      RawPeer.Message reply = peer.succeed(Command.DEVICE_GET_REGION_IO_FDS, request(4096, BAR0));
      assertThat(reply.fields().getInt(12)).isEqualTo(given);
      assertThat(peer.fds().count()).isEqualTo(given);
    }
  }

  @Test
  void deliversDoorbellAsWrite() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Doorbells doorbells = client.regions().doorbells(BAR0)) {
      assertThat(doorbells.all()).isEqualTo(DOORBELLS.subList(0, MAX_FDS));
      for (int i : new int[] {0, 1, 2, 3, 4, 6}) {
        doorbells.ring(i);
        // A signal sent before a message is seen before it.
        client.readInt(BAR0, 0);
      }
      assertThat(served.device().recordedWrites).containsExactly("80: 00000000", "84: 07000000",
          "84: 08000000",
          "88: feffffffffffffff", "a0: 0000");
      assertThat(served.log()).isEmpty();
    }
    assertThatIllegalArgumentException().isThrownBy(() -> new Doorbell(-1, 4, OptionalLong.empty()));
    assertThatIllegalArgumentException().isThrownBy(() -> new Doorbell(0, 3, OptionalLong.of(1)));
    for (Doorbell bad : List.of(new Doorbell(4093, 4, OptionalLong.empty()),
        new Doorbell(0, 0, OptionalLong.empty()), new Doorbell(0, 16, OptionalLong.empty()),
        new Doorbell(Long.MAX_VALUE - 8, 8, OptionalLong.empty()))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Region(4096, true, false).withDoorbells(List.of(bad)));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Region(4096, false, false).withDoorbells(DOORBELLS.subList(0, 1)));
  }

  @Test
  void deliversDoorbellsWithoutMessages() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Doorbells doorbells = client.regions().doorbells(BAR0); EventFd vector = EventFd.create()) {
      client.irqs().assign(DeviceDescription.MSIX, 3, List.of(vector));
      client.writeInt(BAR0, TestDevice.LENGTH, 3);
      doorbells.ring(5);
      Await.until("the device has raised its interrupt", () -> vector.drain() == 1);
      doorbells.ring(0);
      assertThat(served.device().recordedWrites.take()).isEqualTo("80: 00000000");
      client.writeInt(BAR0, TestDevice.LENGTH, Integer.MAX_VALUE); // Traffic that fails or continues.
      client.writeInt(BAR0, TestDevice.COMMAND, TestDevice.TRAFFIC);
      doorbells.ring(1);
      assertThat(served.device().recordedWrites.take()).isEqualTo("84: 07000000");
    }
  }

  @Test
  void losesNoDoorbell() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Doorbells doorbells = client.regions().doorbells(BAR0)) {
      for (int round = 0; round < 2000; round++) {
        served.device().recordedWrites.clear();
        doorbells.ring(0);
        doorbells.ring(1);
        doorbells.ring(0);
        assertThat(client.readInt(BAR0, 0)).isZero();
        assertThat(served.device().recordedWrites).contains("80: 00000000", "84: 07000000").hasSizeBetween(2,
            3);
      }
    }
  }

  @Test
  void ordersDoorbellsAndPostedWrites() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Doorbells doorbells = client.regions().doorbells(BAR0)) {
      for (int round = 0; round < 500; round++) {
        doorbells.ring(0);
        client.regions().postAll(List.of(RegionWrite.ofInt(BAR0, RECORDED + 4, round)));
      }
      client.readInt(BAR0, 0);
      // At any time there are at least as many signals as writes.
      int rings = 0;
      int writes = 0;
      for (String noted : served.device().recordedWrites) {
        if (noted.startsWith("80")) {
          rings++;
        } else {
          writes++;
          assertThat(rings).as("rings before write " + writes).isPositive();
        }
      }
      assertThat(writes).isEqualTo(500);
    }
  }

  /**
   * The server never reads the counter of an eventfd: a client that empties it, or lets it overflow, blocks
   * nothing.
   */
  @Test
  void toleratesClientThatReadsDoorbell() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Doorbells doorbells = client.regions().doorbells(BAR0)) {
      for (int i = 0; i < 2000; i++) {
        doorbells.ring(0);
        doorbells.eventFd(0).drain();
        assertThat(client.readInt(BAR0, 0)).isZero();
      }
      served.device().recordedWrites.clear();
      doorbells.ring(0);
      assertThat(served.device().recordedWrites.take()).isEqualTo("80: 00000000");
    }
  }

  @Test
  void reusesDoorbellsAndClosesThemWithClient() throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      var before = ProcessResources.openFds();
      try (RawPeer peer = served.connectNegotiated(); EventFd kept = firstDoorbells(peer)) {
        var request = ProcessResources.openFds();
        peer.fds().close();
        for (int i = 0; i < 20; i++) {
          peer.succeed(Command.DEVICE_GET_REGION_IO_FDS, request(4096, BAR0));
          assertThat(peer.fds().count()).isEqualTo(MAX_FDS);
          peer.fds().close();
        }
        assertThat(ProcessResources.openFds().get("anon_inode:[eventfd]"))
            .isEqualTo(request.getOrDefault("anon_inode:[eventfd]", 0L) - (MAX_FDS - 1));
        kept.signal();
        assertThat(served.device().recordedWrites.take()).isEqualTo("80: 00000000");
        int resets = served.device().resets;
        peer.socket().shutdown();
        Await.until("the client is gone for good", () -> served.device().resets > resets);
        kept.signal();
        served.assertServesNext();
        assertThat(served.device().recordedWrites).isEmpty();
      }
      ProcessResources.awaitFds(before);
    }
  }

  private static EventFd firstDoorbells(RawPeer peer) throws Exception {
    peer.succeed(Command.DEVICE_GET_REGION_IO_FDS, request(4096, BAR0));
    return EventFd.of(peer.fds().take(0));
  }

  @ParameterizedTest
  @ValueSource(ints = {40, 48})
  void readsBothEntryLayouts(int size) throws Exception {
    try (EventFd one = EventFd.create(); EventFd two = EventFd.create();
        ScriptedServer server = scripted((request, peer) -> {
          MessageBytes fields = MessageBytes.empty().u32(16 + 4 * size, 0, 0, 4);
          for (MessageBytes entry : List.of(entry(16, 4, 1, 0, 1, 9), entry(0, 0, 0, 0, 0, 5),
              entry(64, 8, 0, 1, 2, 3),
              entry(4092, 4, 1, 0, 2, 0))) {
            byte[] bytes = entry.toBytes();
            fields.bytes(size == 48 ? bytes : withoutDoorbells(bytes, 32));
          }
          peer.send(request.reply(fields), one.fd(), two.fd());
          return ScriptedServer.NOTHING;
        }); Doorbells doorbells = server.client().regions().doorbells(0)) {
      assertThat(doorbells.all()).as("one of them is an ioregionfd").containsExactly(
          new Doorbell(16, 4, OptionalLong.of(9)), new Doorbell(0, 0, OptionalLong.empty()),
          new Doorbell(4092, 4, OptionalLong.empty()));
      doorbells.ring(0);
      doorbells.ring(2);
      assertThat(two.drain()).as("shared by two").isEqualTo(2);
      doorbells.ring(1);
      assertThat(one.drain()).isEqualTo(1);
    }
  }

  private static byte[] withoutDoorbells(byte[] entry, int at) {
    byte[] shorter = Arrays.copyOf(entry, entry.length - 8);
    System.arraycopy(entry, at + 8, shorter, at, entry.length - at - 8);
    return shorter;
  }

  private static ScriptedServer scripted(ScriptedServer.Script script) throws Exception {
    return new ScriptedServer(RawPeer.CAPABILITIES, ClientOptions.DEFAULT,
        (request, peer) -> request.command() == 6 ? script.reply(request, peer) : null);
  }

  @ParameterizedTest
  @ValueSource(strings = {"short", "long", "flags", "another region", "more entries than bytes",
      "entries of another size", "a count of four billion", "a descriptor that did not come",
      "descriptor four billion", "beyond the region", "an offset that overflows", "a size that overflows",
      "a datamatch of three bytes", "more descriptors than agreed on"})
  void failsOnMalformedDoorbells(String what) throws Exception {
    var before = ProcessResources.openFds();
    MessageBytes good = entry(0, 4, 0, 0, 0, 0);
    try (EventFd event = EventFd.create(); ScriptedServer server = scripted((request, peer) -> {
      MessageBytes body = switch (what) {
        case "short" -> MessageBytes.empty().u32(16, 0, 0);
        case "long" -> MessageBytes.empty().u32(16, 0, 0, 0).zeros(100_000);
        case "flags" -> MessageBytes.empty().u32(64, 1, 0, 1).bytes(good.toBytes());
        case "another region" -> reply(1, 1, good);
        case "more entries than bytes" -> reply(0, 2, good);
        case "entries of another size" -> MessageBytes.empty().u32(16 + 47, 0, 0, 1).bytes(good.toBytes(47));
        case "a count of four billion" -> MessageBytes.empty().u32(64, 0, 0, -1).bytes(good.toBytes());
        case "a descriptor that did not come" -> reply(0, 2, good, entry(0, 4, 2, 0, 0, 0));
        case "descriptor four billion" -> reply(0, 1, entry(0, 4, -1, 0, 0, 0));
        case "beyond the region" -> reply(0, 2, good, entry(4093, 4, 0, 0, 0, 0));
        case "an offset that overflows" -> reply(0, 1, entry(-4, 8, 0, 0, 0, 0));
        case "a size that overflows" -> reply(0, 1, entry(8, -1, 0, 0, 0, 0));
        case "a datamatch of three bytes" -> reply(0, 1, entry(0, 3, 0, 0, 1, 0));
        default -> reply(0, 1, good);
      };
      Fd[] fds = new Fd[what.startsWith("more desc") ? MAX_FDS + 1 : 2];
      Arrays.fill(fds, event.fd());
      peer.send(request.reply(body), fds);
      return ScriptedServer.NOTHING;
    })) {
      assertThatExceptionOfType(DeviceLostException.class)
          .isThrownBy(() -> server.client().regions().doorbells(0))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> server.client().readInt(0, 0));
    }
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  @Test
  void toleratesNoOrTooManyDoorbells() throws Exception {
    try (ScriptedServer server =
        scripted((request, peer) -> MessageBytes.empty().u32(16 + 48 * 129, 0, 0, 129))) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> server.client().regions().doorbells(0))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.E2BIG));
      assertThat(server.client().readInt(0, 0)).isZero();
    }
    try (ScriptedServer server = scripted((request, peer) -> null)) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> server.client().regions().doorbells(0));
      assertThat(server.client().readInt(0, 0)).isZero();
    }
    try (ScriptedServer server = scripted((request, peer) -> reply(0, 0));
        Doorbells none = server.client().regions().doorbells(0)) {
      assertThat(none.all()).isEmpty();
    }
  }
}
