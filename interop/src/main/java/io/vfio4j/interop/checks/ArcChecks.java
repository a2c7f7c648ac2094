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
  private enum Manner {
    STAY, ERROR, LATE;

    DeviceState leaves(DeviceState from, DeviceState to) {
      return switch (this) {
        case STAY -> from;
        case ERROR -> DeviceState.ERROR;
        case LATE -> to;
      };
    }
  }

  private final Bench bench;

  private ArcChecks(Bench bench) {
    this.bench = bench;
  }

  static void add(Checks checks, Bench bench) {
    ArcChecks arcs = new ArcChecks(bench);
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR) {
        checks.add("arcs/from " + from, () -> arcs.failAllFrom(from));
      }
    }
    checks.add("arcs/out of ERROR", arcs::outOfError);
  }

  private void failAllFrom(DeviceState from) throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB); KernelDevice device = bench.open(test.mdev())) {
      byte[] state = save(device);
      for (DeviceState target : DeviceState.values()) {
        List<DeviceState> path = TABLE.path(from, target).orElse(List.of());
        for (int i = 0; i + 1 < path.size(); i++) {
          for (Manner manner : Manner.values()) {
            go(device, from, state);
            fail(test, device, target, path.get(i), path.get(i + 1), manner);
          }
        }
      }
    }
  }

  private static byte[] save(KernelDevice device) throws DeviceException {
    byte[] state = Bench.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
    device.reset();
    return state;
  }

  private static void go(KernelDevice device, DeviceState to, byte[] state) throws DeviceException {
    device.reset();
    Optional<DataSession> session = device.moveTo(to).session();
    if (session.orElse(null) instanceof ResumingSession resuming) {
      Bench.write(resuming, state, state.length);
    }
  }

  private static void fail(TestDevice test, KernelDevice device, DeviceState target, DeviceState arcFrom,
      DeviceState arcTo, Manner manner) throws IOException {
    DeviceState from = device.state();
    String what = "%s > %s, at %s > %s, %s".formatted(from, target, arcFrom, arcTo, manner);
    DeviceState expected = manner.leaves(arcFrom, arcTo);
    try (Faults _ = Faults.arc(arcFrom + ">" + arcTo, manner.name().toLowerCase(Locale.ROOT))) {
      DeviceException e = Require.refused(Errno.EIO, () -> device.moveTo(target), what);
      Require.that(e instanceof TransitionException, "%s: %s".formatted(what, e));
      TransitionException told = (TransitionException) e;
      Require.equal(from, told.from(), what);
      Require.equal(expected, told.reached(), what);
      Require.equal(expected, test.state(), "%s: the driver".formatted(what));
      Require.equal(expected, device.state(), "%s: asked for".formatted(what));
      Require.contains(String.valueOf(e.getMessage()), "it is in " + expected, what);
    }
  }

  /** A device in ERROR is helped by nothing but a reset, and its session is over. */
  private void outOfError() throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB); KernelDevice device = bench.open(test.mdev())) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      try (Faults _ = Faults.arc("PRE_COPY_P2P>STOP_COPY", "error")) {
        Require.refused(Errno.EIO, () -> device.moveTo(DeviceState.STOP_COPY), "into ERROR");
      }
      Require.refused(Errno.ENODEV, () -> Bench.readAll(session), "the session");
      for (DeviceState target : DeviceState.values()) {
        if (target != DeviceState.ERROR) {
          Require.refused(Errno.EINVAL, () -> device.moveTo(target), "ERROR > %s".formatted(target));
          Require.equal(DeviceState.ERROR, device.state(), "after ERROR > %s".formatted(target));
        }
      }
      device.reset();
      Require.equal(DeviceState.RUNNING, device.state(), "after a reset");
    }
  }
}
