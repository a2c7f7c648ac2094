// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionException.FailureEffect;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MigrationTest {

  @TempDir
  private Path folder;

  /** Reads until no data is available, or the data ends. */
  private static byte[] drain(SavingSession session, int piece) throws Exception {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(piece);
      for (long got = session.read(into); got > 0; got = session.read(into)) {
        all.writeBytes(into.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
      }
    }
    return all.toByteArray();
  }

  private static void write(ResumingSession session, byte[] data) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      session.write(arena.allocateFrom(ValueLayout.JAVA_BYTE, data));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 4096, 1 << 20})
  void migratesBetweenServers(int dataInAMessage) throws Exception {
    ClientOptions options =
        ClientOptions.DEFAULT.withLimits(new Limits(8, dataInAMessage, 65535, 1 << 20));
    try (TestServer from = TestServer.start(folder); TestServer to = TestServer.start(folder);
        Arena arena = Arena.ofConfined();
        VfioUserClient source = from.connect(options); VfioUserClient target = to.connect(options)) {
      MemorySegment state = TestMemory.pattern(arena, TestDevice.MEMORY_SIZE);
      source.writeRegion(TestDevice.BAR2, 0, state);
      SavingSession saving = source.moveTo(DeviceState.PRE_COPY).savingSession();
      ResumingSession resuming = target.moveTo(DeviceState.RESUMING).resumingSession();
      assertThat(source.stopCopyLength()).hasValue(TestDevice.STREAM_BYTES);

      byte[] first = drain(saving, 3000);
      assertThat(first).hasSize(TestDevice.INITIAL_BYTES);
      write(resuming, first);
      assertThat(source.moveTo(DeviceState.PRE_COPY_P2P).session()).as("the session continues").isEmpty();
      assertThat(source.moveTo(DeviceState.STOP_COPY).session()).isEmpty();
      write(resuming, drain(saving, 1 << 21));
      assertThat(saving.read(arena.allocate(1))).isEqualTo(SavingSession.END);

      target.moveTo(DeviceState.RUNNING);
      source.moveTo(DeviceState.STOP);
      assertThat(to.device().memory().mismatch(state)).isEqualTo(-1);
    }
  }

  @Test
  void reportsPreCopyInfo() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined()) {
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(TestDevice.INITIAL_BYTES, 12345, true));
      drain(saving, 1 << 20);
      assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 12345, false));
      assertThat(saving.read(arena.allocate(8))).isEqualTo(SavingSession.NOTHING_NOW);
      client.moveTo(DeviceState.STOP_COPY);
      assertErrno(Errno.EINVAL, saving::preCopyInfo);
    }
  }

  @Test
  void endsSessionWhenDeviceLeavesState() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(8);
      SavingSession saving = client.moveTo(DeviceState.STOP_COPY).savingSession();
      client.moveTo(DeviceState.STOP);
      assertErrno(Errno.ENODEV, () -> saving.read(data));
      assertErrno(Errno.ENODEV, saving::preCopyInfo);

      ResumingSession resuming = client.moveTo(DeviceState.RESUMING).resumingSession();
      SavingSession next = client.moveTo(DeviceState.STOP_COPY).savingSession();
      assertErrno(Errno.ENODEV, () -> resuming.write(data));
      assertErrno(Errno.ENODEV, () -> saving.read(data));
      assertThat(next.read(data)).isEqualTo(8);

      client.reset();
      assertErrno(Errno.ENODEV, () -> next.read(data));
      ResumingSession closed = client.moveTo(DeviceState.RESUMING).resumingSession();
      closed.close();
      assertErrno(Errno.ENODEV, () -> closed.write(data));
      assertThat(client.state()).as("closing a session does not move the device")
          .isEqualTo(DeviceState.RESUMING);
    }
  }

  private static void assertErrno(Errno errno, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  /** Moves the device from every state to every other, with a failure at each arc of the path. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void reportsStateAfterFailedTransition(boolean entersError) throws Exception {
    NextState next = NextState.of(MigrationFeatures.ALL);
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      for (DeviceState from : DeviceState.values()) {
        for (DeviceState target : DeviceState.values()) {
          if (from == DeviceState.ERROR || from == target || next.next(from, target).isEmpty()) {
            continue;
          }
          for (DeviceState at = from; at != target; at = next.next(at, target).orElseThrow()) {
            Arc arc = new Arc(at, next.next(at, target).orElseThrow());
            client.reset();
            client.moveTo(from);
            served.device().failure = new TestDevice.Failure(arc, Errno.EIO, entersError);
            assertFails(client, from, target, Errno.EIO, entersError ? DeviceState.ERROR : at);
            served.device().failure = null;
          }
        }
      }
    }
  }

  private static void assertFails(VfioUserClient client, DeviceState from, DeviceState target, Errno errno,
      DeviceState reached) {
    assertThatExceptionOfType(TransitionException.class).isThrownBy(() -> client.moveTo(target))
        .satisfies(e -> {
          assertThat(e.from()).isEqualTo(from);
          assertThat(e.target()).isEqualTo(target);
          assertThat(e.errno()).isEqualTo(errno);
          assertThat(e.reached()).isEqualTo(reached);
          assertThat(e.effect()).isEqualTo(reached == DeviceState.ERROR ? FailureEffect.MUST_RESET
              : reached == from ? FailureEffect.UNCHANGED : FailureEffect.MID_PATH);
          assertThat(client.state()).isEqualTo(reached);
        });
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ERROR")
  void acceptsTransitionToCurrentState(DeviceState state) throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      client.moveTo(state);
      assertThat(client.moveTo(state).session()).isEmpty();
      assertThat(client.state()).isEqualTo(state);
    }
  }

  @Test
  void refusesUnsupportedTransitions() throws Exception {
    try (
        TestServer served =
            TestServer.start(folder, new TestDevice(MigrationFeatures.of(MigrationFeature.PRE_COPY)));
        VfioUserClient client = served.connect()) {
      assertThat(client.features()).isEqualTo(MigrationFeatures.of(MigrationFeature.PRE_COPY));
      assertFails(client, DeviceState.RUNNING, DeviceState.RUNNING_P2P, Errno.EINVAL, DeviceState.RUNNING);
      client.moveTo(DeviceState.STOP_COPY);
      assertFails(client, DeviceState.STOP_COPY, DeviceState.PRE_COPY, Errno.EINVAL, DeviceState.STOP_COPY);
    }
  }

  @Test
  void reportsMissingMigration() throws Exception {
    try (TestServer served = TestServer.start(folder, new TestDevice(MigrationFeatures.NONE));
        VfioUserClient client = served.connect()) {
      assertThat(client.features()).isEqualTo(MigrationFeatures.NONE);
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(client.stopCopyLength()).isEmpty();
      assertThat(client.dmaLog()).isPresent();
      assertErrno(Errno.ENOTTY, () -> client.moveTo(DeviceState.STOP));
      client.reset();
    }
  }

  @Test
  void detectsDamagedStream() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect()) {
      write(client.moveTo(DeviceState.RESUMING).resumingSession(), new byte[TestDevice.STREAM_BYTES]);
      assertFails(client, DeviceState.RESUMING, DeviceState.RUNNING, Errno.EBADMSG, DeviceState.ERROR);
      client.reset();
      ResumingSession resuming = client.moveTo(DeviceState.RESUMING).resumingSession();
      assertErrno(Errno.EBADMSG, () -> write(resuming, new byte[TestDevice.STREAM_BYTES + 1]));
    }
  }

  @Test
  void padsDataForForeignClient() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      setState(peer, DeviceState.PRE_COPY);
      RawPeer.Message all = peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(100_008, 100_000));
      assertThat(all.body()).hasSize(100_008);
      assertThat(all.fields().getInt(4)).as("only the magic number").isEqualTo(8);
      RawPeer.Message page = peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(100_008, 100_000));
      assertThat(page.fields().getInt(4)).isEqualTo(4096);
      assertThat(page.fields().getInt(0)).isEqualTo(8 + 4096);
      assertThat(Arrays.copyOfRange(page.body(), 8 + 4096, 100_008)).containsOnly(0);
      RawPeer.Message nothing = peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(72, 64));
      assertThat(nothing.fields().getInt(4)).isZero();
      assertThat(nothing.body()).hasSize(72);
    }
  }

  @Test
  void zeroesPadding() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(2, 0, 4).u32(0x12345678));
      peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(2, 0, 4096));
      setState(peer, DeviceState.STOP_COPY);
      RawPeer.Message read = peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(72, 64));
      assertThat(read.fields().getInt(4)).isEqualTo(8);
      assertThat(Arrays.copyOfRange(read.body(), 16, 72)).containsOnly(0);
    }
  }

  @Test
  void doesNotPadForOwnClient() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      peer.negotiate("{\"capabilities\":{\"vfio4j\":{\"precopy_info\":true}}}");
      setState(peer, DeviceState.STOP_COPY);
      RawPeer.Message magic = peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(100_008, 100_000));
      assertThat(magic.body()).hasSize(16);
      RawPeer.Message all = peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(100_008, 100_000));
      assertThat(all.body()).hasSize(8 + TestDevice.MEMORY_SIZE);
      RawPeer.Message end = peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(100_008, 100_000));
      assertThat(end.body()).isEqualTo(MessageBytes.empty().u32(8, 0).toBytes());
      peer.assertRefused(Errno.EINVAL, Command.DEVICE_FEATURE,
          MessageBytes.feature(Feature.PRE_COPY_INFO | Feature.GET, 24));
    }
  }

  /**
   * As clients in development request it, with argsz or without, and by the feature of vfio4j without its
   * negotiation.
   */
  @Test
  void answersPreCopyInfoCommand() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      MessageBytes whole = MessageBytes.empty().u32(24, 0).u64(0, 0);
      MessageBytes ours = MessageBytes.feature(Feature.PRE_COPY_INFO | Feature.GET, 24);
      peer.assertRefused(Errno.EINVAL, Command.MIG_GET_PRECOPY_INFO, whole);
      setState(peer, DeviceState.PRE_COPY);
      byte[] info = peer.succeed(Command.MIG_GET_PRECOPY_INFO, whole).body();
      assertThat(info)
          .isEqualTo(MessageBytes.empty().u32(24, 0).u64(TestDevice.INITIAL_BYTES, 12345).toBytes());
      for (MessageBytes request : List.of(MessageBytes.empty().u32(0, 0).u64(0, 0),
          MessageBytes.empty().u32(0, 0),
          MessageBytes.empty().u32(0),
          MessageBytes.empty().u32(100, 0))) {
        assertThat(peer.succeed(Command.MIG_GET_PRECOPY_INFO, request).body()).isEqualTo(info);
      }
      peer.assertRefused(Errno.EINVAL, Command.MIG_GET_PRECOPY_INFO,
          MessageBytes.empty().u32(23, 0).u64(0, 0));
      peer.assertRefused(Errno.EINVAL, Command.MIG_GET_PRECOPY_INFO, MessageBytes.empty());
      assertThat(peer.succeed(Command.DEVICE_FEATURE, ours).body()).isEqualTo(
          MessageBytes.feature(Feature.PRE_COPY_INFO | Feature.GET, 24).u64(TestDevice.INITIAL_BYTES, 12345)
              .u32(1, 0)
              .toBytes());
      setState(peer, DeviceState.STOP_COPY);
      peer.assertRefused(Errno.EINVAL, Command.MIG_GET_PRECOPY_INFO, whole);
      peer.assertRefused(Errno.EINVAL, Command.DEVICE_FEATURE, ours);
    }
  }

  @Test
  void echoesSetRequest() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      MessageBytes set = MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(1, -1);
      assertThat(peer.succeed(Command.DEVICE_FEATURE, set).body()).isEqualTo(set.toBytes());
      RawPeer.Message state =
          peer.succeed(Command.DEVICE_FEATURE,
              MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.GET, 8));
      assertThat(state.body())
          .isEqualTo(MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.GET, 8).u32(1, -1).toBytes());
      MessageBytes probe =
          MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.GET | Feature.SET | Feature.PROBE, 0);
      assertThat(peer.succeed(Command.DEVICE_FEATURE, probe).body()).isEqualTo(probe.toBytes());
    }
  }

  @Test
  void refusesDataInOtherStates() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      for (DeviceState state : DeviceState.values()) {
        if (state == DeviceState.ERROR) {
          continue;
        }
        peer.succeed(Command.DEVICE_RESET, MessageBytes.empty());
        setState(peer, state);
        MessageBytes read = MessageBytes.empty().u32(16, 8);
        MessageBytes write = MessageBytes.empty().u32(16, 8).u64(0);
        if (!state.isSaving()) {
          peer.assertRefused(Errno.EINVAL, Command.MIG_DATA_READ, read);
        } else {
          peer.succeed(Command.MIG_DATA_READ, read);
        }
        if (state != DeviceState.RESUMING) {
          peer.assertRefused(Errno.EINVAL, Command.MIG_DATA_WRITE, write);
        } else {
          assertThat(peer.succeed(Command.MIG_DATA_WRITE, write).size()).isEqualTo(Header.SIZE);
        }
      }
    }
  }

  private static void setState(RawPeer peer, DeviceState state) throws Exception {
    peer.succeed(Command.DEVICE_FEATURE,
        MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(state.wireValue(), -1));
  }
}
