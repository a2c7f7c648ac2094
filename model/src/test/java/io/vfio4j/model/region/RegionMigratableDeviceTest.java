// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import static io.vfio4j.model.TransitionException.FailureEffect.MID_PATH;
import static io.vfio4j.model.TransitionException.FailureEffect.MUST_RESET;
import static io.vfio4j.model.TransitionException.FailureEffect.UNCHANGED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.NextState;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.Property;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionException.FailureEffect;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class RegionMigratableDeviceTest {

  private final RegionPair pair = new RegionPair(MigrationFeatures.ALL, 16, true);

  private static void assertFailure(RegionMigratableDevice user, DeviceState target, Errno errno,
      DeviceState reached, FailureEffect aftermath) {
    TransitionException failure = catchThrowableOfType(TransitionException.class, () -> user.moveTo(target));
    assertThat(failure).isNotNull();
    assertThat(failure.errno()).isEqualTo(errno);
    assertThat(failure.reached()).isEqualTo(reached);
    assertThat(failure.effect()).isEqualTo(aftermath);
  }

  @Test
  void derivesFeaturesFromRegion() {
    assertThat(pair.user.features()).isEqualTo(MigrationFeatures.ALL);
    assertThat(new RegionPair(MigrationFeatures.ALL, 16, false).user.features())
        .isEqualTo(MigrationFeatures.of(MigrationFeature.PRE_COPY));
  }

  @Test
  void writesOnceForDirectArc() throws DeviceException {
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState to : DeviceState.values()) {
        RegionPair fresh = new RegionPair(MigrationFeatures.ALL, 16, true);
        boolean possible = NextState.of(MigrationFeatures.ALL).next(from, to).isPresent();
        if (possible && from != to) {
          fresh.user.moveTo(from);
          fresh.changes.clear();

          TransitionResult reached = fresh.user.moveTo(to);

          assertThat(reached.state()).isEqualTo(to);
          assertThat(fresh.user.state()).isEqualTo(to);
          assertThat(fresh.device.state()).isEqualTo(to);
          assertThat(fresh.changes).hasSize(1);
          boolean begins = (to.isSaving() && !from.isSaving()) || to == DeviceState.RESUMING;
          assertThat(reached.session().isPresent()).as("%s to %s", from, to).isEqualTo(begins);
        }
      }
    }
  }

  @Test
  void detoursAroundMissingArc() throws DeviceException {
    pair.user.moveTo(DeviceState.STOP_COPY);
    pair.changes.clear();

    pair.user.moveTo(DeviceState.PRE_COPY);

    // Version 2 has no such arc, so neither has the region; the table's detour leads through STOP.
    assertThat(pair.changes).containsExactly("STOP_COPY > STOP", "STOP > PRE_COPY");
    assertThat(pair.user.knownFeatures().has(ArcV1.parse("STOP_COPY>PRE_COPY"))).isFalse();
    pair.user.reset();
    assertThat(pair.user.knownFeatures()).as("tried again").isEqualTo(FeaturesV1.all(true));
  }

  @Test
  void refusesDiscouragedRoutes() throws DeviceException {
    RegionMigratableDevice user = new RegionMigratableDevice(pair.device.identity(), pair,
        FeaturesV1.mandatory(false), Optional.empty(), true);
    user.moveTo(DeviceState.RESUMING);
    assertFailure(user, DeviceState.STOP, Errno.EINVAL, DeviceState.RESUMING, UNCHANGED);
    assertThat(user.moveTo(DeviceState.RUNNING).state()).isEqualTo(DeviceState.RUNNING);

    user.moveTo(DeviceState.STOP);
    assertFailure(user, DeviceState.RUNNING, Errno.EINVAL, DeviceState.STOP, UNCHANGED);
    assertFailure(user, DeviceState.RUNNING_P2P, Errno.EINVAL, DeviceState.STOP, UNCHANGED);
    assertFailure(user, DeviceState.ERROR, Errno.EINVAL, DeviceState.STOP, UNCHANGED);
    user.reset();
    assertThat(user.state()).isEqualTo(DeviceState.RUNNING);
  }

  @Test
  void keepsReservedBits() throws Exception {
    pair.set(MigrationRegionField.DEVICE_STATE, 0xab0001);

    pair.user.moveTo(DeviceState.PRE_COPY_P2P);

    assertThat(pair.get(MigrationRegionField.DEVICE_STATE)).isEqualTo(0xab000b);
  }

  @Test
  void reportsReachedStateOnFailure() throws DeviceException {
    pair.device.failAfter(0, false, false);
    assertFailure(pair.user, DeviceState.STOP, Errno.EIO, DeviceState.RUNNING, UNCHANGED);

    pair.device.failAfter(0, true, false);
    assertFailure(pair.user, DeviceState.STOP, Errno.EIO, DeviceState.ERROR, MUST_RESET);
    assertFailure(pair.user, DeviceState.STOP, Errno.EINVAL, DeviceState.ERROR, MUST_RESET);
    assertThat(pair.user.state()).isEqualTo(DeviceState.ERROR);

    pair.user.reset();
    pair.user.moveTo(DeviceState.STOP_COPY);
    pair.device.failAfter(1, false, false);
    assertFailure(pair.user, DeviceState.PRE_COPY, Errno.EIO, DeviceState.STOP, MID_PATH);
  }

  @Test
  void refusesEndedSession() throws DeviceException {
    MemorySegment buffer = Arena.ofAuto().allocate(4);
    SavingSession saving = pair.user.moveTo(DeviceState.PRE_COPY).savingSession();
    assertThat(saving.read(buffer)).isEqualTo(SavingSession.NOTHING_NOW);
    assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 0, false));
    pair.user.moveTo(DeviceState.STOP_COPY);
    assertThat(saving.read(buffer)).isEqualTo(SavingSession.END);
    assertErrno(Errno.EINVAL, saving::preCopyInfo);
    pair.user.moveTo(DeviceState.STOP);
    assertErrno(Errno.ENODEV, () -> saving.read(buffer));

    ResumingSession resuming = pair.user.moveTo(DeviceState.RESUMING).resumingSession();
    pair.user.reset();
    assertErrno(Errno.ENODEV, () -> resuming.write(buffer));
  }

  private static void assertErrno(Errno errno, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    DeviceException thrown = catchThrowableOfType(DeviceException.class, call);
    assertThat(thrown).isNotNull();
    assertThat(thrown.errno()).isEqualTo(errno);
  }

  @Test
  void doesNotAcknowledgeSegmentByPreCopyInfo() throws DeviceException {
    pair.device.preCopy.add(new byte[] {1, 2, 3, 4});
    SavingSession saving = pair.user.moveTo(DeviceState.PRE_COPY).savingSession();
    MemorySegment buffer = Arena.ofAuto().allocate(3);

    assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 4, false));
    assertThat(saving.read(buffer)).isEqualTo(3);
    assertThat(saving.segmentEnded()).isFalse();
    assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 1, false));
    assertThat(saving.read(buffer)).isEqualTo(1);
    assertThat(saving.segmentEnded()).isTrue();
    assertThat(buffer.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 4);
    assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 0, false));
    assertThat(saving.read(buffer)).isEqualTo(SavingSession.NOTHING_NOW);
    assertThat(saving.segmentEnded()).isFalse();
  }

  @Test
  void refusesSegmentLargerThanWindow() throws DeviceException {
    ResumingSession resuming = pair.user.moveTo(DeviceState.RESUMING).resumingSession();
    resuming.write(Arena.ofAuto().allocate(16));

    assertErrno(Errno.EMSGSIZE, () -> resuming.write(Arena.ofAuto().allocate(1)));
  }

  @Test
  void splitsByteStreamAtWindowEnd() {
    Property.forCases(500, random -> {
      int window = random.nextInt(1, 40);
      RegionPair target = new RegionPair(MigrationFeatures.ALL, window, true);
      RegionMigratableDevice user = new RegionMigratableDevice(target.device.identity(), target,
          FeaturesV1.all(true), Optional.empty(), false);
      ResumingSession resuming = user.moveTo(DeviceState.RESUMING).resumingSession();
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      for (int i = random.nextInt(8); i > 0; i--) {
        byte[] data = new byte[random.nextInt(200)];
        random.nextBytes(data);
        expected.writeBytes(data);
        MemorySegment copy = Arena.ofAuto().allocate(Math.max(1, data.length)).asSlice(0, data.length);
        copy.copyFrom(MemorySegment.ofArray(data));
        resuming.write(copy);
      }
      user.moveTo(DeviceState.STOP);
      assertThat(target.device.written.toByteArray()).isEqualTo(expected.toByteArray());
      assertThat(target.segmentsWritten).allMatch(size -> size > 0 && size <= window);
    });
  }

  @Test
  void fixesSegmentsByDefault() {
    assertThat(pair.user.segmentation()).contains(new Segmentation(pair.size() - 32, true));
    assertThat(new RegionMigratableDevice(pair.device.identity(), pair, FeaturesV1.all(true),
        Optional.empty(), false).segmentation()).contains(new Segmentation(pair.size() - 32, false));
  }

  /** A refusal without an alternative route may have been caused by the data written. */
  @Test
  void forgetsRefusalWithoutDetour() throws DeviceException {
    pair.user.moveTo(DeviceState.RESUMING);
    pair.device.refuse();
    assertFailure(pair.user, DeviceState.STOP, Errno.EINVAL, DeviceState.RESUMING, UNCHANGED);

    assertThat(pair.user.knownFeatures()).isEqualTo(FeaturesV1.all(true));
    pair.device.failAfter(-1, false, false);
    assertThat(pair.user.moveTo(DeviceState.STOP).state()).isEqualTo(DeviceState.STOP);
  }

  @Test
  void rejectsIneffectiveReset() throws DeviceException {
    MigrationRegionAccess stubborn = new MigrationRegionAccess() {
      @Override
      public long size() {
        return pair.size();
      }

      @Override
      public void read(long offset, MemorySegment into) throws DeviceException {
        pair.read(offset, into);
      }

      @Override
      public void write(long offset, MemorySegment data) throws DeviceException {
        pair.write(offset, data);
      }

      @Override
      public void reset() {
        // not supported
      }

      @Override
      public void close() {
        pair.close();
      }
    };
    RegionMigratableDevice user = new RegionMigratableDevice(pair.device.identity(), stubborn,
        FeaturesV1.all(true), Optional.empty(), true);
    user.reset();
    user.moveTo(DeviceState.STOP);
    assertErrno(Errno.EIO, user::reset);
  }

  /** When another client moves the device, the sessions detect it by the state. */
  @Test
  void endsSessionWithItsState() throws Exception {
    SavingSession saving = pair.user.moveTo(DeviceState.PRE_COPY).savingSession();
    pair.setState(DeviceStateV1.RUNNING);
    assertThat(pair.user.state()).isEqualTo(DeviceState.RUNNING);
    assertErrno(Errno.ENODEV, saving::preCopyInfo);
  }

  @Test
  void reportsRefusedDataOnTransition() throws DeviceException {
    ResumingSession resuming = pair.user.moveTo(DeviceState.RESUMING).resumingSession();
    pair.device.refuseData();
    resuming.write(Arena.ofAuto().allocate(4));

    assertFailure(pair.user, DeviceState.STOP, Errno.EBADMSG, DeviceState.RESUMING, UNCHANGED);
  }

  @Test
  void preservesSegmentsAcrossRegions() {
    Property.forCases(1_000, random -> {
      int window = random.nextInt(1, 40);
      RegionPair source = new RegionPair(MigrationFeatures.ALL, window, true);
      RegionPair target = new RegionPair(MigrationFeatures.ALL, window + random.nextInt(3), false);
      byte[] expected = layOut(source.device, random);
      SavingSession saving = source.user.moveTo(DeviceState.PRE_COPY).savingSession();
      ResumingSession resuming = target.user.moveTo(DeviceState.RESUMING).resumingSession();
      List<Long> segments = new ArrayList<>();

      // The state is left at a random time, possibly within a segment.
      copy(saving, resuming, random, random.nextInt(20), segments);
      source.user.moveTo(DeviceState.STOP_COPY);
      copy(saving, resuming, random, Integer.MAX_VALUE, segments);
      target.user.moveTo(DeviceState.RUNNING);

      assertThat(target.device.written.toByteArray()).isEqualTo(expected);
      assertThat(target.segmentsWritten).isEqualTo(segments);
      assertThat(segments).allMatch(size -> size <= window);
    });
  }

  private static byte[] layOut(StreamDevice device, RandomGenerator random) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = random.nextInt(12); i > 0; i--) {
      byte[] chunk = new byte[random.nextInt(1, 60)];
      random.nextBytes(chunk);
      (i > 5 ? device.preCopy : device.stopCopy).add(chunk);
      all.writeBytes(chunk);
    }
    return all.toByteArray();
  }

  private long open;

  private void copy(SavingSession saving, ResumingSession resuming, RandomGenerator random, int reads,
      List<Long> segments) throws DeviceException {
    for (int i = 0; i < reads; i++) {
      MemorySegment buffer = Arena.ofAuto().allocate(random.nextInt(1, 50));
      long count = saving.read(buffer);
      if (count == SavingSession.END || count == SavingSession.NOTHING_NOW) {
        return;
      }
      resuming.write(buffer.asSlice(0, count));
      open += count;
      if (saving.segmentEnded()) {
        resuming.endSegment();
        segments.add(open);
        open = 0;
      }
    }
  }
}
