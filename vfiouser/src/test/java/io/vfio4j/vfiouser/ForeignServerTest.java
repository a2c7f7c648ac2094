// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.RegionCapability;
import io.vfio4j.model.RegionInfo;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.Structs.Feature;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our client with servers that are not ours, or not well. */
class ForeignServerTest {

  /** What a server answers to a command; null for what a plain one would. */
  @FunctionalInterface
  interface Script {
    byte @Nullable [] answer(RawPeer.Message asked, RawPeer peer) throws IOException;
  }

  private static final byte[] NOTHING = {};
  private static final ClientOptions IMPATIENT =
      ClientOptions.DEFAULT.withTimeout(Duration.ofMillis(200));

  private @Nullable RawPeer peer;
  private @Nullable Background<Boolean> server;
  private int state = DeviceState.RUNNING.wireValue();

  private VfioUserClient connect(Script script) throws Exception {
    return connect(ClientOptions.DEFAULT, script);
  }

  private VfioUserClient connect(ClientOptions options, Script script) throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    RawPeer serving = new RawPeer(pair.one());
    peer = serving;
    server = Background.start("foreign-server", () -> serve(serving, script));
    return VfioUserClient.of(pair.other(), "foreign", options);
  }

  @AfterEach
  void end() throws Exception {
    if (peer != null && server != null) {
      peer.socket().shutdown();
      server.result();
      peer.close();
    }
  }

  /** Serves until the client is gone. */
  private boolean serve(RawPeer serving, Script script) throws IOException {
    try {
      while (true) {
        RawPeer.Message asked = serving.receive();
        byte[] answer = script.answer(asked, serving);
        byte[] sent = answer != null ? answer : plain(asked);
        if (sent.length > 0) {
          serving.send(sent);
        }
      }
    } catch (EOFException | LinuxException e) {
      return true;
    }
  }

  private static byte[] reply(RawPeer.Message asked, Body body) {
    return RawPeer.header(asked.id(), asked.command(), Header.SIZE + body.toBytes().length, RawPeer.REPLY, 0)
        .bytes(body.toBytes()).toBytes();
  }

  private static byte[] error(RawPeer.Message asked, int errno) {
    return RawPeer.header(asked.id(), asked.command(), Header.SIZE, RawPeer.ERROR, errno).toBytes();
  }

  private static boolean is(RawPeer.Message asked, Command command) {
    return asked.command() == command.wireValue();
  }

  private static boolean isFeature(RawPeer.Message asked, int flags) {
    return is(asked, Command.DEVICE_FEATURE) && asked.fields().getInt(4) == flags;
  }

  /** A server as old as they come: version 0.0, no capabilities, no DMA logging. */
  private byte[] plain(RawPeer.Message asked) {
    return switch (asked.command()) {
      case 1 -> reply(asked, Body.empty().u16(0).u16(0));
      case 4 -> reply(asked, Body.empty().u32(16, 3, 9, 5));
      case 9 -> reply(asked, Body.regionAccess(asked.fields().getInt(8), asked.fields().getLong(0),
          asked.fields().getInt(12)).zeros(asked.fields().getInt(12)));
      case 10 -> reply(asked, Body.empty().bytes(asked.body()));
      case 13, 2, 3 -> reply(asked, Body.empty());
      case 16 -> plainFeature(asked);
      case 17 -> reply(asked, Body.empty().u32(8, 0).zeros(asked.fields().getInt(4)));
      default -> error(asked, 38);
    };
  }

  private byte[] plainFeature(RawPeer.Message asked) {
    int flags = asked.fields().getInt(4);
    return switch (flags) {
      case Feature.MIGRATION | Feature.GET -> reply(asked, Body.feature(flags, 8).u64(5));
      case Feature.MIG_DEVICE_STATE | Feature.GET -> reply(asked, Body.feature(flags, 8).u32(state, -1));
      case Feature.MIG_DEVICE_STATE | Feature.SET -> {
        state = asked.fields().getInt(8);
        yield reply(asked, Body.empty().bytes(asked.body()));
      }
      default -> error(asked, 22);
    };
  }

  @Test
  void versionZeroWithoutJsonWillDo() throws Exception {
    try (VfioUserClient client = connect((asked, to) -> null)) {
      assertThat(client.identity().driver()).isEqualTo("vfio-user 0.0");
      assertThat(client.limits()).isEqualTo(Limits.DEFAULT.withPageSizes(4096));
      assertThat(client.features()).isEqualTo(MigrationFeatures.fromFlags(5));
      assertThat(client.dmaLog()).isEmpty();
      assertThat(client.stopCopyLength()).isEmpty();
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).saving();
      assertThat(saving.preCopyInfo()).isEmpty();
    }
  }

  @Test
  void anErrorWithoutANumberIsAnError() throws Exception {
    try (VfioUserClient client =
        connect((asked, to) -> is(asked, Command.REGION_WRITE) ? error(asked, 0) : null)) {
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.writeInt(0, 0, 1))
          .isNotInstanceOf(DeviceLostException.class)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
      assertThat(client.readInt(0, 0)).isZero();
    }
  }

  @Test
  void anErrorMayHaveABody() throws Exception {
    try (VfioUserClient client = connect((asked, to) -> is(asked, Command.REGION_WRITE)
        ? RawPeer.header(asked.id(), 10, 16 + 50_000, RawPeer.ERROR, 5).zeros(50_000).toBytes()
        : null)) {
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.writeInt(0, 0, 1))
          .isNotInstanceOf(DeviceLostException.class);
      assertThat(client.readInt(0, 0)).isZero();
    }
  }

  @Test
  void aMoveThatEndsHalfwayIsTold() throws Exception {
    try (VfioUserClient client = connect((asked, to) -> {
      if (isFeature(asked, Feature.MIG_DEVICE_STATE | Feature.SET)) {
        state = DeviceState.STOP.wireValue();
        return error(asked, 5);
      }
      return null;
    })) {
      assertThatExceptionOfType(TransitionException.class)
          .isThrownBy(() -> client.moveTo(DeviceState.STOP_COPY))
          .satisfies(e -> assertThat(e.reached()).isEqualTo(DeviceState.STOP));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "command", "type", "small", "huge", "short", "count", "command of 4 GiB"})
  void aReplyThatCannotBeEndsTheConnection(String what) throws Exception {
    try (VfioUserClient client = connect((asked, to) -> {
      if (!is(asked, Command.REGION_READ) || asked.fields().getInt(8) != TestDevice.BAR0) {
        return null;
      }
      Body good = Body.regionAccess(0, 0, 4).u32(1);
      return switch (what) {
        case "id" -> RawPeer.header(asked.id() + 1, 9, 36, 1, 0).bytes(good.toBytes()).toBytes();
        case "command" -> RawPeer.header(asked.id(), 10, 36, 1, 0).bytes(good.toBytes()).toBytes();
        case "type" -> RawPeer.header(asked.id(), 9, 36, 2, 0).bytes(good.toBytes()).toBytes();
        case "small" -> RawPeer.header(asked.id(), 9, 12, 1, 0).toBytes();
        case "huge" -> RawPeer.header(asked.id(), 9, -1, 1, 0).bytes(good.toBytes()).toBytes();
        case "short" -> RawPeer.header(asked.id(), 9, 34, 1, 0).bytes(good.toBytes(18)).toBytes();
        case "count" -> reply(asked, Body.regionAccess(0, 0, 8).u64(1));
        default -> RawPeer.header(1, 11, -1, 0, 0).u64(0, 0).toBytes();
      };
    })) {
      assertLost(Errno.EPROTO, client);
    }
  }

  /** A lost device stays lost, whatever is asked of it. */
  private static void assertLost(Errno errno, VfioUserClient client) {
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.readInt(0, 0))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::reset);
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.moveTo(DeviceState.STOP));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 8, 0x80000000})
  void aStateThatIsNoneEndsTheConnection(int value) throws Exception {
    try (VfioUserClient client = connect((asked, to) -> null)) {
      state = value;
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 101, 0x7fffffff})
  void moreDataThanWasAskedForEndsTheConnection(int size) throws Exception {
    try (VfioUserClient client = connect((asked, to) -> is(asked, Command.MIG_DATA_READ)
        ? reply(asked, Body.empty().u32(8, size).zeros(200)) : null); Arena arena = Arena.ofConfined()) {
      SavingSession saving = client.moveTo(DeviceState.STOP_COPY).saving();
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> saving.read(arena.allocate(100)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 15, 16, 20, 35})
  void aServerThatDiesInTheMiddleIsLost(int bytes) throws Exception {
    try (VfioUserClient client = connect((asked, to) -> {
      if (!is(asked, Command.REGION_READ) || asked.fields().getInt(8) != TestDevice.BAR0) {
        return null;
      }
      byte[] good = reply(asked, Body.regionAccess(0, 0, 4).u32(1));
      if (bytes > 0) {
        to.send(java.util.Arrays.copyOf(good, bytes));
      }
      to.socket().shutdown();
      return NOTHING;
    })) {
      assertLost(Errno.ECONNRESET, client);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 20})
  void aServerThatFallsSilentIsLost(int bytes) throws Exception {
    try (VfioUserClient client = connect(IMPATIENT,
        (asked, to) -> is(asked, Command.REGION_READ) && asked.fields().getInt(8) == TestDevice.BAR0
            ? java.util.Arrays.copyOf(reply(asked, Body.regionAccess(0, 0, 4).u32(1)), bytes)
            : null)) {
      assertLost(Errno.ETIMEDOUT, client);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"silent", "major", "minor", "nonsense", "limits", "refused", "long"})
  void aServerWhoseVersionMakesNoSenseIsRefused(String what) throws Exception {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> connect(IMPATIENT, (asked, to) -> {
      return switch (what) {
        case "silent" -> NOTHING;
        case "major" -> reply(asked, Body.empty().u16(1).u16(0));
        case "minor" -> reply(asked, Body.empty().u16(0).u16(3));
        case "nonsense" -> reply(asked, Body.version(0, "[]"));
        case "limits" -> reply(asked, Body.version(0, "{\"capabilities\":{\"max_data_xfer_size\":0}}"));
        case "long" -> reply(asked, Body.version(0, " ".repeat(9000)));
        default -> error(asked, 22);
      };
    })).satisfies(e -> {
      assertThat(e.errno()).isIn(Errno.EINVAL, Errno.EPROTO, Errno.ETIMEDOUT);
      assertThat(e.getMessage()).startsWith("foreign");
    });
  }

  /** The command is in the client's buffer then, and the socket does not tell of it any more. */
  @Test
  void aCommandThatComesWithAReplyIsServed() throws Exception {
    try (Arena arena = Arena.ofShared(); VfioUserClient client = connect((asked, to) -> {
      if (is(asked, Command.REGION_WRITE)) {
        return Body.empty().bytes(reply(asked, Body.empty().bytes(asked.body())))
            .bytes(RawPeer.header(1, 11, 32, 0, 0).u64(0x1000, 4).toBytes())
            .bytes(RawPeer.header(2, 12, 36, RawPeer.NO_REPLY, 0).u64(0x1004, 4).u32(7).toBytes())
            .bytes(RawPeer.header(3, 11, 32, 0, 0).u64(0x1004, 4).toBytes()).toBytes();
      }
      return (asked.flags() & 0xf) == RawPeer.REPLY ? note(asked) : null;
    })) {
      MemorySegment memory = arena.allocate(4096);
      memory.set(Wire.U32, 0, 5);
      client.mapDma(0x1000, memory, true);
      client.writeInt(0, 0, 1);
      Waiting.until("both answers are there", () -> noted == 2);
      assertThat(memory.get(Wire.U32, 4)).isEqualTo(7);
      assertThat(sum).isEqualTo(5 + 7);
    }
  }

  private volatile int noted;
  private volatile int sum;

  @SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes.
  private byte[] note(RawPeer.Message reply) {
    sum += reply.fields().getInt(16);
    noted++;
    return NOTHING;
  }

  @ParameterizedTest
  @ValueSource(strings = {"unmapped", "across", "count", "short", "unknown", "version"})
  void whatTheServerMayNotAskIsRefused(String what) throws Exception {
    int[] errno = {0};
    try (Arena arena = Arena.ofShared(); VfioUserClient client = connect((asked, to) -> {
      if (!is(asked, Command.REGION_WRITE)) {
        return null;
      }
      to.send(switch (what) {
        case "unmapped" -> RawPeer.header(9, 11, 32, 0, 0).u64(0x900, 4).toBytes();
        case "across" -> RawPeer.header(9, 11, 32, 0, 0).u64(0x1ffe, 4).toBytes();
        case "count" -> RawPeer.header(9, 11, 32, 0, 0).u64(0x1000, -1).toBytes();
        case "short" -> RawPeer.header(9, 12, 34, 0, 0).u64(0x1000, 4).u16(1).toBytes();
        case "unknown" -> RawPeer.header(9, 77, 16, 0, 0).toBytes();
        default -> RawPeer.header(9, 1, 20, 0, 0).u32(0).toBytes();
      });
      RawPeer.Message refused = to.receive();
      assertThat(refused.id()).isEqualTo(9);
      assertThat(refused.flags()).isEqualTo(RawPeer.ERROR);
      errno[0] = refused.errno();
      return null;
    })) {
      client.mapDma(0x1000, arena.allocate(4096), true);
      client.writeInt(0, 0, 1);
    }
    assertThat(new Errno(errno[0])).isEqualTo(switch (what) {
      case "unmapped", "across" -> Errno.EFAULT;
      case "unknown", "version" -> Errno.ENOSYS;
      default -> Errno.EINVAL;
    });
  }

  @Test
  void surplusDescriptorsOfAReplyAreClosed() throws Exception {
    try (EventFd event = EventFd.create(); VfioUserClient client = connect((asked, to) -> {
      if (!is(asked, Command.DEVICE_GET_REGION_INFO)) {
        return null;
      }
      to.send(reply(asked, Body.empty().u32(32, 7, 2, 0).u64(4096, 0)), event.fd(), event.fd(), event.fd());
      return NOTHING;
    })) {
      var before = Resources.openFds();
      client.mapRegion(2).close();
      assertThat(client.regionInfo(2).mappable()).isTrue();
      assertThat(client.readInt(0, 0)).isZero();
      assertThat(Resources.openFds()).isEqualTo(before);
    }
  }

  /** As the kernel does it: the flag always, the chain only where there is room for it. */
  @Test
  void capabilitiesAreAskedForWithAsMuchRoomAsTheyNeed() throws Exception {
    var before = Resources.openFds();
    try (EventFd event = EventFd.create(); VfioUserClient client = connect((asked, to) -> {
      if (!is(asked, Command.DEVICE_GET_REGION_INFO)) {
        return null;
      }
      Body fields = Body.empty().u32(56, 15, 9, asked.fields().getInt(0) >= 56 ? 32 : 0).u64(4096, 0);
      Body answer = asked.fields().getInt(0) >= 56
          ? fields.u16(2).u16(1).u32(48, 3, 1).u16(6).u16(1).u32(0)
          : fields;
      to.send(reply(asked, answer), event.fd());
      return NOTHING;
    })) {
      RegionInfo info = client.regionInfo(9);
      assertThat(info.capabilities()).containsExactly(RegionCapability.RegionType.MIGRATION,
          new RegionCapability.Ndma());
      assertThat(info.capability(RegionCapability.Ndma.class)).isPresent();
      assertThat(info.capability(RegionCapability.SparseMmap.class)).isEmpty();
    }
    end();
    peer = null;
    assertThat(Resources.openFds()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"loop", "outside", "ever more", "huge", "long", "short"})
  void aServerThatSaysNonsenseOfARegionIsGivenUp(String what) throws Exception {
    try (VfioUserClient client = connect((asked, to) -> {
      if (!is(asked, Command.DEVICE_GET_REGION_INFO)) {
        return null;
      }
      int room = asked.fields().getInt(0);
      return reply(asked, switch (what) {
        case "loop" -> Body.empty().u32(40, 11, 9, 32).u64(4096, 0).u16(2).u16(9).u32(32);
        case "outside" -> Body.empty().u32(40, 11, 9, 4000).u64(4096, 0).zeros(8);
        case "ever more" -> Body.empty().u32(room + 8, 11, 9, 0).u64(4096, 0);
        case "huge" -> Body.empty().u32(-8, 11, 9, 0).u64(4096, 0);
        case "long" -> Body.empty().u32(32, 3, 9, 0).u64(4096, 0).zeros(100_000);
        default -> Body.empty().u32(32, 3, 9, 0);
      });
    })) {
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.regionInfo(9))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.readInt(0, 0));
    }
  }

  @Test
  void memoryThatCannotBeReachedEndsTheConnectionRatherThanTheStream() throws Exception {
    try (VfioUserClient client = connect((asked, to) -> null)) {
      MemorySegment freed;
      try (Arena arena = Arena.ofConfined()) {
        freed = arena.allocate(4);
      }
      assertThatIllegalStateException().isThrownBy(() -> client.readRegion(0, 0, freed));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    }
  }

  @Test
  void aCallInAnotherThreadEndsWhenTheClientIsClosed() throws Exception {
    var fds = Resources.openFds();
    CountDownLatch asking = new CountDownLatch(1);
    VfioUserClient client = connect((asked, to) -> {
      if (is(asked, Command.REGION_WRITE)) {
        asking.countDown();
        return NOTHING;
      }
      return null;
    });
    Background<Boolean> call = Background.start("caller", () -> {
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.writeInt(0, 0, 1));
      return true;
    });
    asking.await();
    client.close();
    assertThat(call.result()).isTrue();
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    client.close();
    end();
    peer = null;
    assertThat(Resources.openFds()).isEqualTo(fds);
  }
}
