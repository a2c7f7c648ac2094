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

/** Lets every arc of every path fail in each mode, and compares the reported state with the driver's. */
final class ArcChecks {

  private static final int KIB = 16;
  private static final NextState TABLE = NextState.of(MigrationFeatures.ALL);

  /** The state in which a failing arc leaves a device. */
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

  /** A transition to a target that fails at one of its arcs. */
  private record ArcCase(DeviceState target, DeviceState arcFrom, DeviceState arcTo, FailureMode mode) {

    DeviceState expectedState() {
      return mode.leaves(arcFrom, arcTo);
    }

    DriverFaults inject() throws IOException {
      return DriverFaults.arc(arcFrom + ">" + arcTo, mode.name().toLowerCase(Locale.ROOT));
    }

    @Override
    public String toString() {
      return "%s, at %s > %s, %s".formatted(target, arcFrom, arcTo, mode);
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
          for (FailureMode mode : FailureMode.values()) {
            moveTo(device, from, state);
            fail(test, device, new ArcCase(target, path.get(i), path.get(i + 1), mode));
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

  private static void fail(TestDevice test, KernelDevice device, ArcCase arc) throws IOException {
    DeviceState from = device.state();
    String label = from + " > " + arc;
    DeviceState expected = arc.expectedState();
    try (DriverFaults _ = arc.inject()) {
      DeviceException e = Requirements.requireErrno(Errno.EIO, () -> device.moveTo(arc.target()), label);
      Requirements.require(e instanceof TransitionException, "%s: %s".formatted(label, e));
      TransitionException failure = (TransitionException) e;
      Requirements.requireEqual(from, failure.from(), label);
      Requirements.requireEqual(expected, failure.reached(), label);
      Requirements.requireEqual(expected, test.state(), "%s: the driver".formatted(label));
      Requirements.requireEqual(expected, device.state(), "%s: the state read".formatted(label));
      Requirements.requireContains(String.valueOf(e.getMessage()), "it is in " + expected, label);
    }
  }

  /** Only a reset leaves ERROR, and the session of a device in ERROR has ended. */
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
