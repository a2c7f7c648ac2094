// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.linux.vfio.FeatureStructs.DataSize;
import io.vfio4j.linux.vfio.FeatureStructs.Feature;
import io.vfio4j.linux.vfio.FeatureStructs.MigState;
import io.vfio4j.linux.vfio.FeatureStructs.Migration;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** Requests of VFIO_DEVICE_FEATURE to the file of a device. */
final class FeatureCalls {

  /** The result of {@link #setState} if no session began; not an errno. */
  static final int NO_SESSION = Integer.MIN_VALUE;

  private static final int NO_FD = -1;

  private final VfioFile file;

  FeatureCalls(VfioFile file) {
    this.file = file;
  }

  VfioFile file() {
    return file;
  }

  /** Allocates a zeroed argument: the header, followed by the data. */
  static MemorySegment argument(Arena arena, int flags, StructLayout data) {
    MemorySegment argument = Struct.allocate(arena, Feature.LAYOUT, data.byteSize());
    argument.set(JAVA_INT, Feature.FLAGS, flags);
    return argument;
  }

  /** Returns whether the device supports a feature, without using it. */
  boolean offers(int feature, int direction) {
    return tryIoctl(feature | direction | Feature.PROBE) >= 0;
  }

  /** Makes a request without data, and returns 0 or a negated errno. */
  int tryIoctl(int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = Struct.allocate(arena, Feature.LAYOUT);
      argument.set(JAVA_INT, Feature.FLAGS, flags);
      return file.tryIoctl(Ioctl.VFIO_DEVICE_FEATURE, argument);
    }
  }

  /** Returns the flags of the migration features; 0 if the device has none. */
  long migrationFlags() throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = argument(arena, Feature.MIGRATION | Feature.GET, Migration.LAYOUT);
      int result = file.tryIoctl(Ioctl.VFIO_DEVICE_FEATURE, argument);
      if (result == -Errno.ENOTTY.number()) {
        return 0;
      }
      file.requireSuccess("read the migration features", result);
      return argument.get(JAVA_LONG, Feature.DATA);
    }
  }

  /** Queries the state of the device. */
  DeviceState state() throws DeviceException {
    String action = "read the device state";
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = argument(arena, Feature.MIG_DEVICE_STATE | Feature.GET, MigState.LAYOUT);
      file.ioctl(action, Ioctl.VFIO_DEVICE_FEATURE, argument);
      int number = argument.get(JAVA_INT, Feature.DATA + MigState.DEVICE_STATE);
      return DeviceState.fromWire(number)
          .orElseThrow(() -> new DeviceException(file.device(), action, Errno.EPROTO,
              "%s: the kernel reported unknown device state %s".formatted(file.device(),
                  Integer.toUnsignedString(number)),
              null));
    }
  }

  /**
   * Requests a state by number.
   *
   * @return the descriptor of the data session that began, {@link #NO_SESSION}, or another negated errno
   */
  int setState(int number) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = argument(arena, Feature.MIG_DEVICE_STATE | Feature.SET, MigState.LAYOUT);
      argument.set(JAVA_INT, Feature.DATA + MigState.DEVICE_STATE, number);
      argument.set(JAVA_INT, Feature.DATA + MigState.DATA_FD, NO_FD);
      int result = file.tryIoctl(Ioctl.VFIO_DEVICE_FEATURE, argument);
      if (result < 0) {
        return result;
      }
      int session = argument.get(JAVA_INT, Feature.DATA + MigState.DATA_FD);
      return session < 0 ? NO_SESSION : session;
    }
  }

  /** Queries the estimate of the stop-copy data, in bytes; negative if there is none. */
  long dataSize() throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = argument(arena, Feature.MIG_DATA_SIZE | Feature.GET, DataSize.LAYOUT);
      int result = file.tryIoctl(Ioctl.VFIO_DEVICE_FEATURE, argument);
      if (result == -Errno.ENOTTY.number() || result == -Errno.EINVAL.number()) {
        return -1;
      }
      file.requireSuccess("read the size of the state", result);
      return argument.get(JAVA_LONG, Feature.DATA);
    }
  }
}
