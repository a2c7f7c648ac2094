// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Every arc of every way fails in each manner, and what we say of it is compared with where the driver has the device. */
final class ArcChecks {

  private static final int KIB = 16;
  private static final NextState TABLE = NextState.of(MigrationFeatures.ALL);

  /** Where an arc that fails leaves a device. */
  private enum FailureMode {
    STAY, ERROR, LATE;

    DeviceState leaves(DeviceState from, DeviceState to) {
      return switch (this) {
        case STAY -> from;
        case ERROR -> DeviceState.ERROR;
        case LATE -> to;
      };
    }
  }

  private final CheckContext context;

  private ArcChecks(CheckContext context) {
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    ArcChecks arcs = new ArcChecks(context);
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR) {
        checks.add("arcs/from " + from, () -> arcs.failAllFrom(from));
      }
    }
    checks.add("arcs/out of ERROR", arcs::leavesErrorByResetOnly);
  }

  private void failAllFrom(DeviceState from) throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB); KernelDevice device = context.open(test.mdev())) {
      byte[] state = save(device);
      for (DeviceState target : DeviceState.values()) {
        List<DeviceState> path = TABLE.path(from, target).orElse(List.of());
        for (int i = 0; i + 1 < path.size(); i++) {
          for (FailureMode manner : FailureMode.values()) {
            moveTo(device, from, state);
            fail(test, device, target, path.get(i), path.get(i + 1), manner);
          }
        }
      }
    }
  }

  private static byte[] save(KernelDevice device) throws DeviceException {
    byte[] state = CheckContext.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
    device.reset();
    return state;
  }

  private static void moveTo(KernelDevice device, DeviceState to, byte[] state) throws DeviceException {
    device.reset();
    Optional<DataSession> session = device.moveTo(to).session();
    if (session.orElse(null) instanceof ResumingSession resuming) {
      CheckContext.write(resuming, state, state.length);
    }
  }

  private static void fail(TestDevice test, KernelDevice device, DeviceState target, DeviceState arcFrom,
      DeviceState arcTo, FailureMode manner) throws IOException {
    DeviceState from = device.state();
    String what = "%s > %s, at %s > %s, %s".formatted(from, target, arcFrom, arcTo, manner);
    DeviceState expected = manner.leaves(arcFrom, arcTo);
    try (DriverFaults _ = DriverFaults.arc(arcFrom + ">" + arcTo, manner.name().toLowerCase(Locale.ROOT))) {
      DeviceException e = Requirements.requireErrno(Errno.EIO, () -> device.moveTo(target), what);
      Requirements.require(e instanceof TransitionException, "%s: %s".formatted(what, e));
      TransitionException told = (TransitionException) e;
      Requirements.requireEqual(from, told.from(), what);
      Requirements.requireEqual(expected, told.reached(), what);
      Requirements.requireEqual(expected, test.state(), "%s: the driver".formatted(what));
      Requirements.requireEqual(expected, device.state(), "%s: asked for".formatted(what));
      Requirements.requireContains(String.valueOf(e.getMessage()), "it is in " + expected, what);
    }
  }

  /** A device in ERROR is helped by nothing but a reset, and its session is over. */
  private void leavesErrorByResetOnly() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB); KernelDevice device = context.open(test.mdev())) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      try (DriverFaults _ = DriverFaults.arc("PRE_COPY_P2P>STOP_COPY", "error")) {
        Requirements.requireErrno(Errno.EIO, () -> device.moveTo(DeviceState.STOP_COPY), "into ERROR");
      }
      Requirements.requireErrno(Errno.ENODEV, () -> CheckContext.readAll(session), "the session");
      for (DeviceState target : DeviceState.values()) {
        if (target != DeviceState.ERROR) {
          Requirements.requireErrno(Errno.EINVAL, () -> device.moveTo(target),
              "ERROR > %s".formatted(target));
          Requirements.requireEqual(DeviceState.ERROR, device.state(), "after ERROR > %s".formatted(target));
        }
      }
      device.reset();
      Requirements.requireEqual(DeviceState.RUNNING, device.state(), "after a reset");
    }
  }
}
