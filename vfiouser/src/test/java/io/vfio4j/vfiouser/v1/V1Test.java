// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.info.RegionCapability.Ndma;
import io.vfio4j.model.info.RegionCapability.RegionType;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.model.region.MigrationRegionField;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.server.KeepState;
import io.vfio4j.vfiouser.server.MigrationVersions;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Version 1 of the migration interface, over a socket. */
class V1Test {

  private static final int INDEX = 9;
  private static final int STATE = MigrationRegionField.DEVICE_STATE.offset();
  private static final ServerOptions V1 = ServerOptions.DEFAULT.withVersions(MigrationVersions.V1);
  private static final ServerOptions BOTH = ServerOptions.DEFAULT.withVersions(MigrationVersions.BOTH);

  @TempDir
  private Path folder;
  private Optional<TestServer> served = Optional.empty();

  private TestServer serve(TestDevice device, ServerOptions options) throws Exception {
    TestServer started = TestServer.start(folder, device, options);
    served = Optional.of(started);
    return started;
  }

  private TestServer serve(ServerOptions options) throws Exception {
    return serve(TestDevice.create(), options);
  }

  @AfterEach
  void end() {
    served.ifPresent(TestServer::close);
  }

  private static void assertErrno(Errno errno, ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void exposesMigrationRegion() throws Exception {
    try (VfioUserClient client = serve(V1).connect()) {
      assertThat(client.info().regions()).isEqualTo(10);
      assertThat(client.regionInfo(INDEX)).isEqualTo(new RegionInfo(INDEX, 4096 + (1 << 20), true, true,
          false, java.util.List.of(RegionType.MIGRATION, new Ndma())));
      assertThat(client.regionInfo(TestDevice.BAR2).mappable()).isTrue();
      assertThat(client.hasV1()).isTrue();
      assertThat(client.hasV2()).isFalse();
      assertThat(client.features()).isEqualTo(MigrationFeatures.ALL);
      assertThat(client.segmentation()).contains(new Segmentation(4096 + (1 << 20) - 32, false));
      assertThat(client.dmaLog()).isPresent();
      assertThat(client.stopCopyLength()).isEmpty();
      assertThat(client.readInt(INDEX, STATE)).isEqualTo(1);
    }
  }

  @Test
  void reflectsDeviceFeatures() throws Exception {
    TestDevice plain = new TestDevice(MigrationFeatures.of(MigrationFeature.PRE_COPY));
    try (VfioUserClient client = serve(plain, V1).connect()) {
      assertThat(client.regionInfo(INDEX).capabilities()).containsExactly(RegionType.MIGRATION);
      assertThat(client.features()).isEqualTo(MigrationFeatures.of(MigrationFeature.PRE_COPY));
      assertErrno(Errno.EINVAL, () -> client.writeInt(INDEX, STATE, 9));
    }
    end();
    try (VfioUserClient client = serve(new TestDevice(MigrationFeatures.NONE), BOTH).connect()) {
      assertThat(client.info().regions()).isEqualTo(TestDevice.REGIONS);
      assertThat(client.hasV1()).isFalse();
      assertThat(client.features().canMigrate()).isFalse();
      assertErrno(Errno.ENOTTY, () -> client.moveTo(DeviceState.STOP));
    }
  }

  @Test
  void hidesV2WhenDisabled() throws Exception {
    try (RawPeer peer = serve(V1).connectNegotiated()) {
      for (int feature : new int[] {Feature.MIGRATION, Feature.MIG_DEVICE_STATE, Feature.MIG_DATA_SIZE,
          Feature.PRE_COPY_INFO}) {
        peer.assertRefused(Errno.ENOTTY, Command.DEVICE_FEATURE,
            MessageBytes.feature(feature | Feature.GET, 64));
      }
      peer.assertRefused(Errno.ENOTTY, Command.DEVICE_FEATURE,
          MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(1, -1));
      peer.succeed(Command.DEVICE_FEATURE,
          MessageBytes.feature(Feature.DMA_LOGGING_START | Feature.SET | Feature.PROBE, 0));
      peer.assertRefused(Errno.EINVAL, Command.MIG_DATA_READ, MessageBytes.empty().u32(100, 8));
    }
  }

  /** A whole migration between two servers, as by a program with {@code MigratableDevice}s. */
  @Test
  void migratesBetweenRegions() throws Exception {
    try (TestServer other = TestServer.start(folder, TestDevice.create(), V1);
        VfioUserClient source = serve(V1).connect();
        VfioUserClient target = other.connect();
        Arena arena = Arena.ofConfined()) {
      MemorySegment content = TestMemory.pattern(arena, TestDevice.MEMORY_SIZE);
      source.writeRegion(TestDevice.BAR2, 0, content);
      SavingSession saving = source.moveTo(DeviceState.PRE_COPY).savingSession();
      ResumingSession resuming = target.moveTo(DeviceState.RESUMING).resumingSession();
      assertThat(saving.preCopyInfo().orElseThrow().pending()).isPositive();
      long early = copy(saving, resuming, arena.allocate(1000));
      assertThat(early).isEqualTo(TestDevice.INITIAL_BYTES);
      assertThat(source.moveTo(DeviceState.PRE_COPY_P2P).session()).isEmpty();
      assertThat(source.moveTo(DeviceState.STOP_COPY).session()).isEmpty();
      assertThat(early + copy(saving, resuming, arena.allocate(70_000))).isEqualTo(TestDevice.STREAM_BYTES);
      target.moveTo(DeviceState.STOP);
      target.moveTo(DeviceState.RUNNING_P2P);
      target.moveTo(DeviceState.RUNNING);
      MemorySegment arrived = arena.allocate(TestDevice.MEMORY_SIZE);
      target.readRegion(TestDevice.BAR2, 0, arrived);
      assertThat(arrived.mismatch(content)).isEqualTo(-1);
      assertThat(source.state()).isEqualTo(DeviceState.STOP_COPY);
    }
  }

  private static long copy(SavingSession from, ResumingSession to, MemorySegment buffer)
      throws DeviceException {
    long copied = 0;
    for (long count = from.read(buffer); count > 0; count = from.read(buffer)) {
      to.write(buffer.asSlice(0, count));
      copied += count;
    }
    return copied;
  }

  @Test
  void splitsSegments() throws Exception {
    try (VfioUserClient client = serve(V1).connect(); Arena arena = Arena.ofConfined()) {
      ResumingSession resuming = client.moveTo(DeviceState.RESUMING).resumingSession();
      // More than the window holds: the first part must be passed on to make room, and is refused there.
      assertErrno(Errno.EBADMSG, () -> resuming.write(arena.allocate((1 << 20) + 1)));
      client.reset();
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  @Test
  void resetsRegionToRunning() throws Exception {
    try (VfioUserClient client = serve(V1).connect(); Arena arena = Arena.ofConfined()) {
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      client.writeInt(INDEX, STATE, 0xabc0003);
      client.reset();
      assertThat(client.readInt(INDEX, STATE)).isEqualTo(1);
      assertErrno(Errno.ENODEV, () -> saving.read(arena.allocate(8)));
      assertThat(client.readLong(INDEX, MigrationRegionField.PENDING_BYTES.offset())).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RUNNING", "STOP", "STOP_COPY", "PRE_COPY", "PRE_COPY_P2P", "RUNNING_P2P", "RESUMING"})
  void leavesDeviceRunningForNextClient(DeviceState left) throws Exception {
    TestServer server = serve(V1.withKeepState(KeepState.ALWAYS));
    ClientOptions keeping = ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true);
    try (VfioUserClient client = server.connect(keeping)) {
      client.writeInt(TestDevice.BAR2, 0, 7);
      client.writeInt(INDEX, STATE, 0x70_0001);
      client.moveTo(left);
    }
    try (VfioUserClient client = server.connect()) {
      assertThat(client.readInt(INDEX, STATE)).isEqualTo(1);
      assertThat(client.readInt(TestDevice.BAR2, 0)).as("its state before")
          .isEqualTo(left == DeviceState.RUNNING ? 7 : 0);
    }
  }

  /** Without pre-copy the device itself stays in RUNNING, while the field does not. */
  @Test
  void resetsDeviceWithoutPreCopy() throws Exception {
    TestServer server = serve(new TestDevice(MigrationFeatures.of(MigrationFeature.P2P)),
        V1.withKeepState(KeepState.ALWAYS));
    try (VfioUserClient client = server.connect()) {
      client.moveTo(DeviceState.PRE_COPY);
      client.writeInt(TestDevice.BAR2, 0, 7);
      assertThat(server.device().state()).isEqualTo(DeviceState.RUNNING);
    }
    try (VfioUserClient client = server.connect()) {
      assertThat(client.readInt(INDEX, STATE)).isEqualTo(1);
      assertThat(client.readInt(TestDevice.BAR2, 0)).isZero();
    }
  }

  @Test
  void excludesOtherVersionUntilReset() throws Exception {
    try (VfioUserClient client = serve(BOTH).connect()) {
      assertThat(client.hasV1()).isTrue();
      assertThat(client.hasV2()).isTrue();
      assertThat(client.segmentation()).as("version 2 is used").isEmpty();

      client.moveTo(DeviceState.PRE_COPY);
      assertErrno(Errno.EBUSY, () -> client.writeInt(INDEX, STATE, 1));
      assertThat(client.readInt(INDEX, STATE)).as("the field follows").isEqualTo(3);
      client.reset();

      client.writeInt(INDEX, STATE, 2);
      assertThatExceptionOfType(TransitionException.class)
          .isThrownBy(() -> client.moveTo(DeviceState.RUNNING)).satisfies(e -> {
            assertThat(e.errno()).isEqualTo(Errno.EBUSY);
            assertThat(e.reached()).isEqualTo(DeviceState.STOP_COPY);
          });
      assertThat(client.state()).isEqualTo(DeviceState.STOP_COPY);
      assertThat(client.stopCopyLength()).isPresent();
      client.writeInt(INDEX, STATE, 1);
      assertErrno(Errno.EBUSY, () -> client.moveTo(DeviceState.STOP));

      client.reset();
      assertThat(client.moveTo(DeviceState.STOP).state()).isEqualTo(DeviceState.STOP);
    }
  }

  /** NDMA means no DMA at all; the P2P states of version 2 only no DMA to peers. */
  @Test
  void haltsAllDmaForV1Only() throws Exception {
    TestServer served = serve(BOTH);
    try (VfioUserClient client = served.connect()) {
      client.moveTo(DeviceState.RUNNING_P2P);
      assertThat(served.device().haltsAllDma).isFalse();
      client.reset();
      client.writeInt(INDEX, STATE, 9);
      assertThat(served.device().haltsAllDma).isTrue();
      assertThat(served.device().state()).isEqualTo(DeviceState.RUNNING_P2P);
      client.reset();
      client.moveTo(DeviceState.RUNNING_P2P);
      assertThat(served.device().haltsAllDma).isFalse();
    }
  }

  /** Default methods of the device's interface must be forwarded too, except state memory: version 1 does not offer it. */
  @Test
  void delegatesEveryMethod() {
    assertThat(Arrays.stream(EmulatedDevice.class.getMethods()).map(Method::getName)
        .filter(name -> !name.contains("StateMemory") && !name.equals("stateMemory")
            && !name.equals("hasAdoptedMemory")))
        .allSatisfy(name -> assertThat(Arrays.stream(V1Device.class.getDeclaredMethods())
            .map(Method::getName)).contains(name));
  }

  /** Random reads and writes: the field stays valid, refusals change nothing, and the server continues. */
  @Test
  void survivesRandomAccesses() throws Exception {
    try (VfioUserClient client = serve(V1).connect(); Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1 << 13);
      Property.holdsFor(300, random -> {
        for (int i = 0; i < 10; i++) {
          DeviceStateV1 before = new DeviceStateV1(client.readInt(INDEX, STATE));
          long offset = Property.oneOf(random, random.nextLong(48), 4096 + random.nextLong(100),
              random.nextLong(4096 + (1 << 20) + 10), random.nextLong());
          int width = Property.oneOf(random, 1, 2, 4, 4, 8, 8, random.nextInt(1 << 13));
          buffer.set(LittleEndian.U64, 0, Property.oneOf(random, random.nextLong(16), random.nextLong()));
          boolean writes = random.nextBoolean();
          boolean refused = isRefused(client, writes, offset, buffer.asSlice(0, width));
          DeviceStateV1 after = new DeviceStateV1(client.readInt(INDEX, STATE));
          assertThat(after.isValid()).isTrue();
          if (after.isError()) {
            assertThat(before.isResuming() || before.isError()).as("%s to ERROR", before).isTrue();
            client.reset();
          } else if (refused || !writes || offset != STATE) {
            assertThat(after).isEqualTo(before);
          }
        }
        client.reset();
      });
      client.writeInt(INDEX, STATE, 3);
      assertThat(client.readLong(INDEX, MigrationRegionField.PENDING_BYTES.offset())).isPositive();
    }
  }

  private static boolean isRefused(VfioUserClient client, boolean writes, long offset, MemorySegment data)
      throws DeviceException {
    try {
      if (writes) {
        client.writeRegion(INDEX, offset, data);
      } else {
        client.readRegion(INDEX, offset, data);
      }
      return false;
    } catch (io.vfio4j.model.DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      return true;
    }
  }

  @Test
  void scopesSessionToTransition() throws Exception {
    try (VfioUserClient client = serve(V1).connect()) {
      assertThat(client.moveTo(DeviceState.STOP).session()).isEmpty();
      Optional<DataSession> begun = client.moveTo(DeviceState.STOP_COPY).session();
      assertThat(begun).isPresent();
      assertThat(client.moveTo(DeviceState.STOP_COPY).session()).isEmpty();
      // The client notices a state that was read by other means.
      client.writeInt(INDEX, STATE, 0);
      assertThat(client.state()).isEqualTo(DeviceState.STOP);
      assertErrno(Errno.ENODEV, () -> ((SavingSession) begun.get()).preCopyInfo());
    }
  }
}
