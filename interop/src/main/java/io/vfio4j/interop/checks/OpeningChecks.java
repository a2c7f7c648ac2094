// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import com.google.gson.JsonObject;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.io.IOException;
import java.util.Map;

/** Finding and opening devices, states left by the last user, and messages. */
final class OpeningChecks {

  private static final int KIB = 64;

  private final CheckContext context;

  private OpeningChecks(CheckContext context) {
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    OpeningChecks opening = new OpeningChecks(context);
    checks.add("opening/probe mtty", opening::probeMtty);
    checks.add("opening/probe a test device", opening::probeTestDevice);
    checks.add("opening/probe --all", opening::probeAll);
    checks.add("opening/not there", opening::reportsMissingDevice);
    checks.add("opening/twice", opening::refusesSecondOpen);
    checks.add("opening/every state that the last user may have left", opening::findsStateOfLastUser);
    checks.add("opening/a source that does not run", opening::stoppedSource);
    checks.add("opening/a target that does not run", opening::stoppedTarget);
    checks.add("opening/a reset that fails", opening::failingReset);
    if (context.by() == KernelInterface.CDEV) {
      checks.add("opening/the group where there is a character device", () -> opening.byGroup());
    }
  }

  private JsonObject probe(MediatedDevice mdev, int code) {
    return InProcessCommand.run("probe", context.address(mdev), "--json").requireExitCode(code).lastEvent();
  }

  private void probeMtty() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty()) {
      JsonObject found = probe(mtty, 0);
      Requirements.requireContains(found.toString(), "4348:3253", "ids");
      Requirements.requireContains(found.toString(), "RUNNING", "state");
      InProcessCommand.run("probe", context.address(mtty)).requireExitCode(0);
    }
  }

  private void probeTestDevice() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB)) {
      Requirements.requireContains(probe(test.mdev(), 0).toString(), "1234:5635", "ids");
      String before = test.checksum();
      InProcessCommand.run("probe", context.address(test.mdev())).requireExitCode(0);
      Requirements.requireEqual(before, test.checksum(), "its content");
      Requirements.requireEqual(DeviceState.RUNNING, test.state(), "its state");
    }
    try (DriverFaults _ = DriverFaults.set(Map.of("features", "1"));
        TestDevice test = MediatedDevice.testDevice(KIB)) {
      Requirements.requireContains(
          InProcessCommand.run("probe", context.address(test.mdev())).requireExitCode(0).out(), "PRE_COPY",
          "what it lacks");
    }
  }

  private void probeAll() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); TestDevice test = MediatedDevice.testDevice(KIB)) {
      InProcessCommand text = InProcessCommand.run("probe", "--all").requireExitCode(0);
      Requirements.requireContains(text.out(), mtty.uuid(), "the text output");
      Requirements.requireContains(text.out(), test.uuid(), "the text output");
      String json =
          InProcessCommand.run("probe", "--all", "--json").requireExitCode(0).lastEvent().toString();
      Requirements.requireContains(json, mtty.uuid(), "the JSON output");
      Requirements.requireContains(json, test.uuid(), "the JSON output");
    }
    InProcessCommand.run("probe", "--all").requireExitCode(1);
  }

  private void reportsMissingDevice() {
    InProcessCommand.run("probe", "kernel:00000000-dead-beef-0000-000000000000").requireExitCode(1)
        .requireStderr("00000000-dead-beef-0000-000000000000");
    InProcessCommand.run("probe", "kernel:0000:ff:1f.7").requireExitCode(1).requireStderr("0000:ff:1f.7");
  }

  private void refusesSecondOpen() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice _ = context.open(mtty)) {
      DeviceException e =
          Requirements.requireErrno(context.by() == KernelInterface.CDEV ? Errno.EINVAL : Errno.EBUSY, () -> {
            KernelDevice again = context.open(mtty);
            again.close();
          }, "a second open");
      Requirements.requireContains(String.valueOf(e.getMessage()), "another program", "the message");
      InProcessCommand.run("probe", context.address(mtty)).requireExitCode(1).requireStderr(mtty.uuid())
          .requireStderr("another program");
    }
  }

  /** The kernel leaves mtty in its state when it is closed. */
  private void findsStateOfLastUser() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty()) {
      for (DeviceState state : DeviceState.values()) {
        if (state == DeviceState.ERROR) {
          continue;
        }
        leaveInState(mtty, state);
        try (KernelDevice device = context.open(mtty)) {
          Requirements.requireEqual(state, device.state(), "found");
          device.reset();
          Requirements.requireEqual(DeviceState.RUNNING, device.state(), "after a reset");
        }
      }
    }
  }

  private void leaveInState(MediatedDevice mtty, DeviceState state) throws DeviceException {
    try (KernelDevice device = context.open(mtty)) {
      device.reset();
      device.moveTo(state);
    }
  }

  private void stoppedSource() throws IOException {
    try (MediatedDevice from = MediatedDevice.mtty(); MediatedDevice to = MediatedDevice.mtty()) {
      leaveInState(from, DeviceState.STOP);
      probe(from, 1);
      InProcessCommand
          .run("migrate", "--from", context.address(from), "--to", context.address(to), "--no-hold")
          .requireExitCode(1)
          .requireStderr("STOP").requireStderr("--reset");
      try (KernelDevice device = context.open(from)) {
        Requirements.requireEqual(DeviceState.STOP, device.state(), "the source, refused");
      }
      InProcessCommand
          .run("migrate", "--from", context.address(from), "--to", context.address(to), "--no-hold",
              "--reset",
              "--max-downtime", "20s")
          .requireExitCode(0).requireStderr("has been reset");
    }
  }

  private void stoppedTarget() throws IOException {
    try (MediatedDevice from = MediatedDevice.mtty(); MediatedDevice to = MediatedDevice.mtty()) {
      leaveInState(to, DeviceState.STOP_COPY);
      InProcessCommand
          .run("migrate", "--from", context.address(from), "--to", context.address(to), "--no-hold",
              "--max-downtime",
              "20s")
          .requireExitCode(0);
      try (KernelDevice device = context.open(to)) {
        Requirements.requireEqual(DeviceState.RUNNING, device.state(), "the target");
      }
    }
  }

  private void failingReset() throws IOException {
    try (TestDevice from = MediatedDevice.testDevice(KIB); TestDevice to = MediatedDevice.testDevice(KIB);
        DriverFaults _ = DriverFaults.set(Map.of("fault_reset", "5", "fault_device", to.uuid()))) {
      InProcessCommand
          .run("migrate", "--from", context.address(from.mdev()), "--to", context.address(to.mdev()),
              "--no-hold")
          .requireExitCode(1).requireStderr("reset").requireStderr("EIO");
      Requirements.requireEqual(DeviceState.RUNNING, from.state(), "the source");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
    }
  }

  /** This kernel has both interfaces, which open the same device. */
  private void byGroup() throws IOException {
    CheckContext group = new CheckContext(KernelInterface.GROUP);
    try (TestDevice test = MediatedDevice.testDevice(KIB)) {
      try (KernelDevice device = group.open(test.mdev())) {
        Requirements.requireEqual(KernelInterface.GROUP, device.kernelInterface(), "opened");
        device.moveTo(DeviceState.STOP);
        Requirements.requireEqual(DeviceState.STOP, test.state(), "moved");
        device.moveTo(DeviceState.RUNNING);
      }
      InProcessCommand.run("probe", group.address(test.mdev())).requireExitCode(0);
    }
  }
}
