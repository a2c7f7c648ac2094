// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client with servers that are not vfio4j, or misbehave. */
class ForeignServerTest extends ForeignServerTestBase {

  private static final ClientOptions SHORT_TIMEOUT =
      ClientOptions.DEFAULT.withTimeout(Duration.ofMillis(200));

  @Test
  void acceptsVersionZeroWithoutJson() throws Exception {
    try (VfioUserClient client = connect((request, peer) -> null)) {
      assertThat(client.identity().driver()).isEqualTo("vfio-user 0.0");
      assertThat(client.limits()).isEqualTo(Limits.DEFAULT.withPageSizes(4096).withMaxMsgFds(1));
      assertThat(client.features()).isEqualTo(MigrationFeatures.fromFlags(5));
      assertThat(client.dmaLog()).isEmpty();
      assertThat(client.stopCopyLength()).isEmpty();
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      assertThat(saving.preCopyInfo()).isEmpty();
    }
  }

  @Test
  void treatsErrorFlagWithoutErrnoAsError() throws Exception {
    try (VfioUserClient client =
        connect((request, peer) -> isCommand(request, Command.REGION_WRITE) ? request.error(0) : null)) {
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.writeInt(0, 0, 1))
          .isNotInstanceOf(DeviceLostException.class)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
      assertThat(client.readInt(0, 0)).isZero();
    }
  }

  @Test
  void acceptsErrorReplyWithBody() throws Exception {
    try (VfioUserClient client = connect((request, peer) -> isCommand(request, Command.REGION_WRITE)
        ? RawPeer.header(request.id(), 10, 16 + 50_000, RawPeer.ERROR, 5).zeros(50_000).toBytes()
        : null)) {
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.writeInt(0, 0, 1))
          .isNotInstanceOf(DeviceLostException.class);
      assertThat(client.readInt(0, 0)).isZero();
    }
  }

  @Test
  void reportsIncompleteTransition() throws Exception {
    try (VfioUserClient client = connect((request, peer) -> {
      if (isFeature(request, Feature.MIG_DEVICE_STATE | Feature.SET)) {
        state = DeviceState.STOP.wireValue();
        return request.error(5);
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
  void failsOnInvalidReply(String defect) throws Exception {
    try (VfioUserClient client = connect((request, peer) -> {
      if (!isCommand(request, Command.REGION_READ) || request.fields().getInt(8) != TestDevice.BAR0) {
        return null;
      }
      MessageBytes good = MessageBytes.regionAccess(0, 0, 4).u32(1);
      return switch (defect) {
        case "id" -> RawPeer.header(request.id() + 1, 9, 36, 1, 0).bytes(good.toBytes()).toBytes();
        case "command" -> RawPeer.header(request.id(), 10, 36, 1, 0).bytes(good.toBytes()).toBytes();
        case "type" -> RawPeer.header(request.id(), 9, 36, 2, 0).bytes(good.toBytes()).toBytes();
        case "small" -> RawPeer.header(request.id(), 9, 12, 1, 0).toBytes();
        case "huge" -> RawPeer.header(request.id(), 9, -1, 1, 0).bytes(good.toBytes()).toBytes();
        case "short" -> RawPeer.header(request.id(), 9, 34, 1, 0).bytes(good.toBytes(18)).toBytes();
        case "count" -> request.reply(MessageBytes.regionAccess(0, 0, 8).u64(1));
        default -> RawPeer.header(1, 11, -1, 0, 0).u64(0, 0).toBytes();
      };
    })) {
      assertLost(Errno.EPROTO, client);
    }
  }

  /** Checks that a device is lost, and stays lost. */
  private static void assertLost(Errno errno, VfioUserClient client) {
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.readInt(0, 0))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::reset);
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.moveTo(DeviceState.STOP));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 8, 0x80000000})
  void failsOnUnknownState(int value) throws Exception {
    try (VfioUserClient client = connect((request, peer) -> null)) {
      state = value;
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 101, 0x7fffffff})
  void failsOnExcessData(int size) throws Exception {
    try (VfioUserClient client = connect((request, peer) -> isCommand(request, Command.MIG_DATA_READ)
        ? request.reply(MessageBytes.empty().u32(8, size).zeros(200)) : null);
        Arena arena = Arena.ofConfined()) {
      SavingSession saving = client.moveTo(DeviceState.STOP_COPY).savingSession();
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> saving.read(arena.allocate(100)));
    }
  }

  /** Padding up to the requested size is permitted, and nothing else. */
  @ParameterizedTest
  @CsvSource({"40, 41", "40, 99", "40, 101", "0, 1", "100, 101", "40, 39", "0, 4000"})
  void failsOnInconsistentReplyLength(int reported, int sent) throws Exception {
    try (VfioUserClient client = connect((request, peer) -> isCommand(request, Command.MIG_DATA_READ)
        ? request.reply(MessageBytes.empty().u32(8 + reported, reported).zeros(sent)) : null);
        Arena arena = Arena.ofConfined()) {
      SavingSession saving = client.moveTo(DeviceState.STOP_COPY).savingSession();
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> saving.read(arena.allocate(100)))
          .withMessageContaining("MIG_DATA_READ of 100 bytes answered with " + sent);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 15, 16, 20, 35})
  void reportsDyingServerAsLost(int bytes) throws Exception {
    try (VfioUserClient client = connect((request, peer) -> {
      if (!isCommand(request, Command.REGION_READ) || request.fields().getInt(8) != TestDevice.BAR0) {
        return null;
      }
      byte[] good = request.reply(MessageBytes.regionAccess(0, 0, 4).u32(1));
      if (bytes > 0) {
        peer.send(java.util.Arrays.copyOf(good, bytes));
      }
      peer.socket().shutdown();
      return NOTHING;
    })) {
      assertLost(Errno.ECONNRESET, client);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 20})
  void reportsSilentServerAsLost(int bytes) throws Exception {
    try (VfioUserClient client = connect(SHORT_TIMEOUT,
        (request,
            peer) -> isCommand(request, Command.REGION_READ) && request.fields().getInt(8) == TestDevice.BAR0
                ? java.util.Arrays.copyOf(request.reply(MessageBytes.regionAccess(0, 0, 4).u32(1)), bytes)
                : null)) {
      assertLost(Errno.ETIMEDOUT, client);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"silent", "major", "minor", "nonsense", "limits", "refused", "long"})
  void refusesInvalidVersionReply(String defect) throws Exception {
    assertThatExceptionOfType(DeviceException.class)
        .isThrownBy(() -> connect(SHORT_TIMEOUT, (request, peer) -> {
          return switch (defect) {
            case "silent" -> NOTHING;
            case "major" -> request.reply(MessageBytes.empty().u16(1).u16(0));
            case "minor" -> request.reply(MessageBytes.empty().u16(0).u16(3));
            case "nonsense" -> request.reply(MessageBytes.version(0, "[]"));
            case "limits" ->
              request.reply(MessageBytes.version(0, "{\"capabilities\":{\"max_data_xfer_size\":0}}"));
            case "long" -> request.reply(MessageBytes.version(0, " ".repeat(9000)));
            default -> request.error(22);
          };
        })).satisfies(e -> {
          assertThat(e.errno()).isIn(Errno.EINVAL, Errno.EPROTO, Errno.ETIMEDOUT);
          assertThat(e.getMessage()).startsWith("foreign");
        });
  }

  @Test
  void failsWhenCallersMemoryIsInaccessible() throws Exception {
    try (VfioUserClient client = connect((request, peer) -> null)) {
      MemorySegment freed;
      try (Arena arena = Arena.ofConfined()) {
        freed = arena.allocate(4);
      }
      assertThatIllegalStateException().isThrownBy(() -> client.readRegion(0, 0, freed));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    }
  }

  @Test
  void endsConcurrentCallAtClose() throws Exception {
    var fds = ProcessResources.openFds();
    CountDownLatch requested = new CountDownLatch(1);
    VfioUserClient client = connect((request, peer) -> {
      if (isCommand(request, Command.REGION_WRITE)) {
        requested.countDown();
        return NOTHING;
      }
      return null;
    });
    BackgroundTask<Boolean> call = BackgroundTask.start("caller", () -> {
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> client.writeInt(0, 0, 1));
      return true;
    });
    requested.await();
    client.close();
    assertThat(call.result()).isTrue();
    assertThatExceptionOfType(DeviceLostException.class).isThrownBy(client::state);
    client.close();
    end();
    peer = null;
    assertThat(ProcessResources.openFds()).isEqualTo(fds);
  }
}
