// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import static io.vfio4j.model.region.MigrationRegionField.DATA_OFFSET;
import static io.vfio4j.model.region.MigrationRegionField.DATA_SIZE;
import static io.vfio4j.model.region.MigrationRegionField.DEVICE_STATE;
import static io.vfio4j.model.region.MigrationRegionField.PENDING_BYTES;
import static io.vfio4j.model.region.MigrationRegionField.RESERVED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Property;
import io.vfio4j.model.ShortestPaths;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateV1;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MigrationRegionTest {

  private static final int WINDOW = 16;
  private static final int DATA = RegionPair.WINDOW_OFFSET;

  private final RegionPair pair = new RegionPair(MigrationFeatures.ALL, WINDOW, true);

  private static void assertErrno(Errno errno, ThrowingCallable access) {
    ErrnoException thrown = catchThrowableOfType(ErrnoException.class, access);
    assertThat(thrown).isNotNull();
    assertThat(thrown.errno()).isEqualTo(errno);
  }

  private void stream(String preCopy, String stopCopy) {
    for (String chunk : preCopy.isEmpty() ? new String[0] : preCopy.split(" ", -1)) {
      pair.device.preCopy.add(chunk.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    for (String chunk : stopCopy.isEmpty() ? new String[0] : stopCopy.split(" ", -1)) {
      pair.device.stopCopy.add(chunk.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
  }

  private String readSegment() throws ErrnoException {
    long offset = pair.get(DATA_OFFSET);
    return new String(pair.readData(offset, (int) pair.get(DATA_SIZE)),
        java.nio.charset.StandardCharsets.US_ASCII);
  }

  @Test
  void matchesHeaderLayout() {
    assertThat(List.of(MigrationRegionField.values())).map(f -> f + " " + f.offset() + " " + f.width())
        .containsExactly("DEVICE_STATE 0 4", "RESERVED 4 4", "PENDING_BYTES 8 8", "DATA_OFFSET 16 8",
            "DATA_SIZE 24 8");
    assertThat(MigrationRegionLayout.HEADER_SIZE).isEqualTo(32);
    assertThat(pair.region.size()).isEqualTo(DATA + WINDOW);
  }

  @Test
  void refusesPartialFieldAccess() throws ErrnoException {
    for (long offset = -8; offset < DATA; offset++) {
      for (int width = 0; width <= 16; width++) {
        MemorySegment access = MemorySegment.ofArray(new byte[width]);
        long at = offset;
        if (MigrationRegionField.at(offset, width).isPresent()) {
          pair.region.read(at, access);
        } else {
          assertErrno(Errno.EINVAL, () -> pair.region.read(at, access));
          assertErrno(Errno.EINVAL, () -> pair.region.write(at, access));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"64,1", "80,0", "80,1", "9223372036854775807,1"})
  void closesDataWindowOutsideSessions(long offset, int size) {
    MemorySegment access = MemorySegment.ofArray(new byte[size]);

    assertErrno(Errno.EINVAL, () -> pair.region.write(offset, access));
    assertErrno(Errno.EINVAL, () -> pair.region.read(offset, access));
  }

  @Test
  void refusesWritesToReadOnlyFields() throws ErrnoException {
    assertErrno(Errno.EINVAL, () -> pair.set(PENDING_BYTES, 1));
    assertErrno(Errno.EINVAL, () -> pair.set(DATA_OFFSET, 1));
    pair.set(RESERVED, 0xffff_ffffL);
    assertThat(pair.get(RESERVED)).isZero();
  }

  @Test
  void startsInRunning() throws ErrnoException {
    assertThat(pair.get(DEVICE_STATE)).isEqualTo(1);

    pair.set(DEVICE_STATE, 0x30 | 3);
    assertThat(pair.get(DEVICE_STATE)).isEqualTo(0x33);

    pair.reset();
    assertThat(pair.get(DEVICE_STATE)).isEqualTo(1);
  }

  @Test
  void savesInSegments() throws ErrnoException {
    stream("abc defgh", "ijk");
    pair.setState(DeviceStateV1.PRE_COPY);

    assertThat(pair.get(PENDING_BYTES)).isEqualTo(8);
    assertThat(pair.get(DATA_SIZE)).as("before a commitment").isZero();
    assertErrno(Errno.EINVAL, () -> pair.readData(DATA, 1));
    assertThat(pair.get(PENDING_BYTES)).as("again, without effect").isEqualTo(8);
    assertThat(readSegment()).isEqualTo("abc");
    assertThat(readSegment()).as("again, before it is acknowledged").isEqualTo("abc");
    assertThat(pair.readData(DATA + 1, 2)).containsExactly('b', 'c');
    assertErrno(Errno.EINVAL, () -> pair.readData(DATA + 1, 3));
    assertErrno(Errno.EINVAL, () -> pair.writeData(DATA, (byte) 1));
    assertErrno(Errno.EINVAL, () -> pair.set(DATA_SIZE, 1));

    assertThat(pair.get(PENDING_BYTES)).isEqualTo(5);
    assertThat(readSegment()).isEqualTo("defgh");
    assertThat(pair.get(PENDING_BYTES)).as("nothing now").isZero();

    pair.setState(DeviceStateV1.STOP_COPY);
    assertThat(pair.get(PENDING_BYTES)).isEqualTo(3);
    assertThat(readSegment()).isEqualTo("ijk");
    assertThat(pair.get(PENDING_BYTES)).as("the end").isZero();
    assertThat(pair.get(PENDING_BYTES)).as("the end").isZero();
  }

  @Test
  void leavesPreCopyAnytimeWithoutLoss() throws ErrnoException {
    stream("abc def", "ghi");
    pair.setState(DeviceStateV1.PRE_COPY);
    assertThat(pair.get(PENDING_BYTES)).isEqualTo(6);
    pair.setState(DeviceStateV1.PRE_COPY_NDMA);
    pair.setState(DeviceStateV1.STOP_COPY);

    StringBuilder all = new StringBuilder();
    while (pair.get(PENDING_BYTES) != 0) {
      all.append(readSegment());
    }
    assertThat(all).hasToString("abcdefghi");
  }

  @Test
  void limitsSegmentsToWindow() throws ErrnoException {
    stream("", "0123456789abcdefXYZ");
    pair.setState(DeviceStateV1.STOP_COPY);

    assertThat(pair.get(PENDING_BYTES)).isEqualTo(WINDOW);
    assertThat(readSegment()).isEqualTo("0123456789abcdef");
    assertThat(pair.get(PENDING_BYTES)).isEqualTo(3);
    assertThat(readSegment()).isEqualTo("XYZ");
  }

  @Test
  void resumesInSegments() throws ErrnoException {
    pair.setState(DeviceStateV1.RESUMING);

    assertThat(pair.get(DATA_OFFSET)).isEqualTo(DATA);
    pair.writeData(DATA, (byte) 1, (byte) 2);
    pair.writeData(DATA + 2, (byte) 3);
    pair.set(DATA_SIZE, 3);
    pair.writeData(DATA, (byte) 4);
    pair.set(DATA_SIZE, 1);
    pair.set(DATA_SIZE, 0);
    assertErrno(Errno.EINVAL, () -> pair.set(DATA_SIZE, WINDOW + 1));
    assertErrno(Errno.EINVAL, () -> pair.set(DATA_SIZE, -1));
    assertErrno(Errno.EINVAL, () -> pair.writeData(DATA + WINDOW, (byte) 1));

    pair.setState(DeviceStateV1.RUNNING);
    assertThat(pair.device.written.toByteArray()).containsExactly(1, 2, 3, 4);
    assertErrno(Errno.EINVAL, () -> pair.set(DATA_SIZE, 1));
  }

  @Test
  void invalidatesSessionAfterRefusedData() throws ErrnoException {
    pair.setState(DeviceStateV1.RESUMING);
    pair.device.refuseData();

    assertErrno(Errno.EBADMSG, () -> pair.set(DATA_SIZE, 1));
    assertErrno(Errno.EIO, () -> pair.set(DATA_SIZE, 1));
    assertThat(pair.region.state()).isEqualTo(DeviceStateV1.RESUMING);
  }

  @Test
  void emulatesEmptyPreCopy() throws ErrnoException {
    RegionPair plain = new RegionPair(MigrationFeatures.of(), WINDOW, false);
    plain.device.stopCopy.add(new byte[] {7});

    plain.setState(DeviceStateV1.PRE_COPY);
    assertThat(plain.device.state()).isEqualTo(DeviceState.RUNNING);
    assertThat(plain.get(DEVICE_STATE)).isEqualTo(3);
    assertThat(plain.get(PENDING_BYTES)).isZero();
    plain.setState(DeviceStateV1.STOP_COPY);
    assertThat(plain.device.state()).isEqualTo(DeviceState.STOP_COPY);
    assertThat(plain.get(PENDING_BYTES)).isEqualTo(1);
    assertErrno(Errno.EINVAL, () -> plain.setState(DeviceStateV1.RUNNING_NDMA));
  }

  @Test
  void refusesTransitionsBlockedInVersion2() throws ErrnoException {
    pair.setState(DeviceStateV1.STOP_COPY);

    assertErrno(Errno.EINVAL, () -> pair.setState(DeviceStateV1.PRE_COPY));
    assertThat(pair.region.features().arcs()).hasSize(40)
        .doesNotContain(ArcV1.parse("STOP_COPY>PRE_COPY"), ArcV1.parse("STOP_COPY>PRE_COPY+NDMA"));
  }

  @Test
  void rollsBackFailedTransition() throws ErrnoException {
    pair.device.failAfter(1, false, false);

    assertErrno(Errno.EIO, () -> pair.setState(DeviceStateV1.STOP));

    assertThat(pair.get(DEVICE_STATE)).isEqualTo(1);
    assertThat(pair.device.state()).isEqualTo(DeviceState.RUNNING);
  }

  @Test
  void failsLostSavingSessionUntilStateIsLeft() throws ErrnoException {
    stream("", "abc");
    pair.setState(DeviceStateV1.STOP_COPY);
    pair.device.failAfter(1, false, false);

    assertErrno(Errno.EIO, () -> pair.setState(DeviceStateV1.RUNNING));

    assertThat(pair.get(DEVICE_STATE)).isEqualTo(2);
    assertErrno(Errno.EIO, () -> pair.get(PENDING_BYTES));
    assertErrno(Errno.EIO, () -> pair.get(DATA_OFFSET));
    pair.setState(DeviceStateV1.RUNNING);
    pair.setState(DeviceStateV1.STOP_COPY);
    assertThat(pair.get(PENDING_BYTES)).isEqualTo(3);
  }

  @Test
  void keepsSessionOnFailureWithinSavingGroup() throws ErrnoException {
    stream("abc", "def");
    pair.setState(DeviceStateV1.PRE_COPY);
    pair.device.failAfter(1, false, false);

    assertErrno(Errno.EIO, () -> pair.setState(DeviceStateV1.STOP_COPY));

    assertThat(pair.get(DEVICE_STATE)).isEqualTo(3);
    assertThat(pair.get(PENDING_BYTES)).isEqualTo(3);
    assertThat(readSegment()).isEqualTo("abc");
  }

  @Test
  void entersErrorWhereRollbackIsImpossible() throws ErrnoException {
    pair.setState(DeviceStateV1.RESUMING);
    pair.device.failAfter(1, false, false);

    assertErrno(Errno.EIO, () -> pair.setState(DeviceStateV1.RUNNING));

    assertThat(pair.get(DEVICE_STATE)).isEqualTo(6);
    assertThat(pair.device.state()).as("stopped").isEqualTo(DeviceState.STOP);
    assertErrno(Errno.EINVAL, () -> pair.setState(DeviceStateV1.RUNNING));
    pair.reset();
    pair.setState(DeviceStateV1.STOP);
  }

  @Test
  void entersErrorWhenRollbackFails() throws ErrnoException {
    pair.device.failAfter(1, false, true);

    assertErrno(Errno.EIO, () -> pair.setState(DeviceStateV1.STOP));

    assertThat(pair.get(DEVICE_STATE)).isEqualTo(6);
  }

  @Test
  void followsVersion2Transitions() throws ErrnoException, DeviceException {
    pair.device.moveTo(DeviceState.STOP_COPY);
    assertThat(pair.get(DEVICE_STATE)).isEqualTo(2);
    assertErrno(Errno.EIO, () -> pair.get(PENDING_BYTES));

    pair.device.moveTo(DeviceState.RUNNING_P2P);
    assertThat(pair.get(DEVICE_STATE)).isEqualTo(9);
    assertThat(pair.get(PENDING_BYTES)).isZero();
    pair.setState(DeviceStateV1.RUNNING);
    assertThat(pair.device.state()).isEqualTo(DeviceState.RUNNING);
  }

  @Test
  void rejectsInvalidArguments() {
    assertThatThrownBy(() -> new RegionPair(MigrationFeatures.NONE, WINDOW, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RegionPair(MigrationFeatures.of(), WINDOW, true))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RegionPair(MigrationFeatures.ALL, 0, true))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /**
   * Random writes and failures of the device: after each, the field has the value before, the value written,
   * or ERROR.
   */
  @Test
  void leavesPreviousStateOrErrorAfterFailedWrite() {
    Property.forCases(2_000, random -> {
      MigrationFeatures features =
          Property.oneOf(random, ShortestPaths.FEATURE_SETS.toArray(MigrationFeatures[]::new));
      RegionPair victim =
          new RegionPair(features, WINDOW, features.has(MigrationFeature.P2P) && random.nextBoolean());
      List<String> done = new ArrayList<>();
      for (int step = 0; step < 12; step++) {
        long before = victim.get(DEVICE_STATE);
        int value = random.nextInt(13);
        victim.device.failAfter(random.nextInt(6) - 1, random.nextInt(4) == 0, random.nextInt(4) == 0);
        ErrnoException thrown =
            catchThrowableOfType(ErrnoException.class, () -> victim.set(DEVICE_STATE, value));
        long after = victim.get(DEVICE_STATE);
        done.add("%d to %d: %s, %d".formatted(before, value, thrown, after));
        if (thrown == null) {
          assertThat(after).as("%s", done).isEqualTo(value);
        } else {
          assertThat(after).as("%s", done).isIn(before, 6L);
        }
        if (after == 6) {
          victim.reset();
        }
      }
    });
  }
}
