// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.dma.DirtyLog;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** VFIO_DEVICE_FEATURE. */
final class ScriptedFeatures {

  private static final int GET = 1 << 16;
  private static final int SET = 1 << 17;
  private static final int PROBE = 1 << 18;

  private static final int MIGRATION = 1;
  private static final int MIG_DEVICE_STATE = 2;
  private static final int DMA_LOGGING_START = 6;
  private static final int DMA_LOGGING_STOP = 7;
  private static final int DMA_LOGGING_REPORT = 8;
  private static final int MIG_DATA_SIZE = 9;
  private static final int MIG_PRECOPY_INFO_V2 = 12;

  private final ScriptedKernel kernel;
  private final MigratableDevice device;
  private final KernelProfile profile;
  private final DirtyLog log = new DirtyLog();
  private boolean reportsReinit;

  ScriptedFeatures(ScriptedKernel kernel, MigratableDevice device, KernelProfile profile) {
    this.kernel = kernel;
    this.device = device;
    this.profile = profile;
  }

  int ioctl(MemorySegment argument, MemorySegment pointedAt) {
    int flags = argument.get(JAVA_INT, 4);
    int feature = flags & 0xffff;
    if (!supports(feature)) {
      return -Errno.ENOTTY.number();
    }
    if ((flags & PROBE) != 0) {
      return 0;
    }
    try {
      return (flags & GET) != 0 ? get(feature, argument, pointedAt)
          : (flags & SET) != 0 ? set(feature, argument, pointedAt) : -Errno.EINVAL.number();
    } catch (DeviceException e) {
      return -e.errno().number();
    } catch (ErrnoException e) {
      return -e.errno().number();
    }
  }

  private boolean supports(int feature) {
    return switch (feature) {
      case MIGRATION, MIG_DEVICE_STATE -> device.features().canMigrate();
      case MIG_DATA_SIZE -> device.features().canMigrate() && hasLength();
      case DMA_LOGGING_START, DMA_LOGGING_STOP, DMA_LOGGING_REPORT -> profile.hasDeviceLog();
      case MIG_PRECOPY_INFO_V2 -> profile.reportsReinit();
      default -> false;
    };
  }

  private boolean hasLength() {
    try {
      return device.stopCopyLength().isPresent();
    } catch (DeviceException e) {
      return true; // the query itself reports the errno
    }
  }

  private int get(int feature, MemorySegment argument, MemorySegment pointedAt)
      throws DeviceException, ErrnoException {
    switch (feature) {
      case MIGRATION -> argument.set(JAVA_LONG, 8, device.features().flags());
      case MIG_DEVICE_STATE -> argument.set(JAVA_INT, 8, device.state().wireValue());
      case MIG_DATA_SIZE -> {
        OptionalLong length = device.stopCopyLength();
        argument.set(JAVA_LONG, 8, length.orElseThrow());
      }
      case DMA_LOGGING_REPORT -> {
        return report(argument, pointedAt);
      }
      default -> {
        return -Errno.EINVAL.number();
      }
    }
    return 0;
  }

  private int set(int feature, MemorySegment argument, MemorySegment pointedAt)
      throws DeviceException, ErrnoException {
    switch (feature) {
      case MIG_DEVICE_STATE -> {
        return setState(argument);
      }
      case DMA_LOGGING_START -> {
        return start(argument, pointedAt);
      }
      case DMA_LOGGING_STOP -> log.stop();
      case MIG_PRECOPY_INFO_V2 -> reportsReinit = true;
      default -> {
        return -Errno.EINVAL.number();
      }
    }
    return 0;
  }

  boolean reportsReinit() {
    return reportsReinit;
  }

  /** Returns the requested state, reached or not, as the kernel does. */
  private int setState(MemorySegment argument) {
    Optional<DeviceState> target = DeviceState.fromWire(argument.get(JAVA_INT, 8));
    argument.set(JAVA_INT, 12, -1);
    if (target.isEmpty()) {
      return -Errno.EINVAL.number();
    }
    try {
      TransitionResult reached = device.moveTo(target.get());
      Optional<DataSession> session = reached.session();
      session.ifPresent(begun -> argument.set(JAVA_INT, 12,
          kernel.install("data", new DataFile(begun, profile, this::reportsReinit))));
      return 0;
    } catch (DeviceException e) {
      return -e.errno().number();
    }
  }

  private int start(MemorySegment argument, MemorySegment pointedAt) throws ErrnoException {
    int count = argument.get(JAVA_INT, 16);
    if (count > DirtyLog.MAX_RANGES) {
      return -Errno.E2BIG.number();
    }
    if (argument.get(JAVA_LONG, 24) != pointedAt.address()) {
      return -Errno.EFAULT.number();
    }
    List<long[]> ranges = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ranges.add(new long[] {pointedAt.get(JAVA_LONG, 16L * i), pointedAt.get(JAVA_LONG, 16L * i + 8)});
    }
    argument.set(JAVA_LONG, 8, log.start(ranges, argument.get(JAVA_LONG, 8)));
    return 0;
  }

  private int report(MemorySegment argument, MemorySegment pointedAt) throws ErrnoException {
    if (argument.get(JAVA_LONG, 32) != pointedAt.address()) {
      return -Errno.EFAULT.number();
    }
    log.report(argument.get(JAVA_LONG, 8), argument.get(JAVA_LONG, 16), argument.get(JAVA_LONG, 24),
        pointedAt);
    return 0;
  }

  /** Makes the device write to memory. */
  void write(long iova, long length) {
    log.mark(iova, length);
  }
}
