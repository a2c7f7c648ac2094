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

/** How devices are found and opened, what the last user may have left, and what a person is told. */
final class OpeningChecks {

  private static final int KIB = 64;

  private final Bench bench;

  private OpeningChecks(Bench bench) {
    this.bench = bench;
  }

  static void add(Checks checks, Bench bench) {
    OpeningChecks opening = new OpeningChecks(bench);
    checks.add("opening/probe mtty", opening::probeMtty);
    checks.add("opening/probe a test device", opening::probeTestDevice);
    checks.add("opening/probe --all", opening::probeAll);
    checks.add("opening/not there", opening::notThere);
    checks.add("opening/twice", opening::twice);
    checks.add("opening/every state that the last user may have left", opening::leftBehind);
    checks.add("opening/a source that does not run", opening::stoppedSource);
    checks.add("opening/a target that does not run", opening::stoppedTarget);
    checks.add("opening/a reset that fails", opening::failingReset);
    if (bench.by() == KernelInterface.CDEV) {
      checks.add("opening/the group where there is a character device", () -> opening.byGroup());
    }
  }

  private JsonObject probe(Mdev mdev, int code) {
    return Command.run("probe", bench.address(mdev), "--json").demand(code).result();
  }

  private void probeMtty() throws IOException {
    try (Mdev mtty = Mdev.mtty()) {
      JsonObject found = probe(mtty, 0);
      Require.contains(found.toString(), "4348:3253", "ids");
      Require.contains(found.toString(), "RUNNING", "state");
      Command.run("probe", bench.address(mtty)).demand(0);
    }
  }

  private void probeTestDevice() throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB)) {
      Require.contains(probe(test.mdev(), 0).toString(), "1234:5635", "ids");
      String before = test.checksum();
      Command.run("probe", bench.address(test.mdev())).demand(0);
      Require.equal(before, test.checksum(), "its content");
      Require.equal(DeviceState.RUNNING, test.state(), "its state");
    }
    try (Faults _ = Faults.set(Map.of("features", "1")); TestDevice test = Mdev.testDevice(KIB)) {
      Require.contains(Command.run("probe", bench.address(test.mdev())).demand(0).out(), "PRE_COPY",
          "what it lacks");
    }
  }

  private void probeAll() throws IOException {
    try (Mdev mtty = Mdev.mtty(); TestDevice test = Mdev.testDevice(KIB)) {
      Command people = Command.run("probe", "--all").demand(0);
      Require.contains(people.out(), mtty.uuid(), "told to people");
      Require.contains(people.out(), test.uuid(), "told to people");
      String told = Command.run("probe", "--all", "--json").demand(0).result().toString();
      Require.contains(told, mtty.uuid(), "told as JSON");
      Require.contains(told, test.uuid(), "told as JSON");
    }
    Command.run("probe", "--all").demand(1);
  }

  private void notThere() {
    Command.run("probe", "kernel:00000000-dead-beef-0000-000000000000").demand(1)
        .says("00000000-dead-beef-0000-000000000000");
    Command.run("probe", "kernel:0000:ff:1f.7").demand(1).says("0000:ff:1f.7");
  }

  private void twice() throws IOException {
    try (Mdev mtty = Mdev.mtty(); KernelDevice _ = bench.open(mtty)) {
      DeviceException e =
          Require.refused(bench.by() == KernelInterface.CDEV ? Errno.EINVAL : Errno.EBUSY, () -> {
            KernelDevice again = bench.open(mtty);
            again.close();
          }, "a second opening");
      Require.contains(String.valueOf(e.getMessage()), "another program", "words");
      Command.run("probe", bench.address(mtty)).demand(1).says(mtty.uuid()).says("another program");
    }
  }

  /** The kernel keeps mtty in the state in which it was closed. */
  private void leftBehind() throws IOException {
    try (Mdev mtty = Mdev.mtty()) {
      for (DeviceState state : DeviceState.values()) {
        if (state == DeviceState.ERROR) {
          continue;
        }
        leave(mtty, state);
        try (KernelDevice device = bench.open(mtty)) {
          Require.equal(state, device.state(), "found");
          device.reset();
          Require.equal(DeviceState.RUNNING, device.state(), "after a reset");
        }
      }
    }
  }

  private void leave(Mdev mtty, DeviceState state) throws DeviceException {
    try (KernelDevice device = bench.open(mtty)) {
      device.reset();
      device.moveTo(state);
    }
  }

  private void stoppedSource() throws IOException {
    try (Mdev from = Mdev.mtty(); Mdev to = Mdev.mtty()) {
      leave(from, DeviceState.STOP);
      probe(from, 1);
      Command.run("migrate", "--from", bench.address(from), "--to", bench.address(to), "--no-hold").demand(1)
          .says("STOP").says("--reset");
      try (KernelDevice device = bench.open(from)) {
        Require.equal(DeviceState.STOP, device.state(), "the source, refused");
      }
      Command
          .run("migrate", "--from", bench.address(from), "--to", bench.address(to), "--no-hold", "--reset",
              "--max-downtime", "20s")
          .demand(0).says("has been reset");
    }
  }

  private void stoppedTarget() throws IOException {
    try (Mdev from = Mdev.mtty(); Mdev to = Mdev.mtty()) {
      leave(to, DeviceState.STOP_COPY);
      Command
          .run("migrate", "--from", bench.address(from), "--to", bench.address(to), "--no-hold",
              "--max-downtime",
              "20s")
          .demand(0);
      try (KernelDevice device = bench.open(to)) {
        Require.equal(DeviceState.RUNNING, device.state(), "the target");
      }
    }
  }

  private void failingReset() throws IOException {
    try (TestDevice from = Mdev.testDevice(KIB); TestDevice to = Mdev.testDevice(KIB);
        Faults _ = Faults.set(Map.of("fault_reset", "5", "fault_device", to.uuid()))) {
      Command
          .run("migrate", "--from", bench.address(from.mdev()), "--to", bench.address(to.mdev()), "--no-hold")
          .demand(1).says("reset").says("EIO");
      Require.equal(DeviceState.RUNNING, from.state(), "the source");
      Require.equal(DeviceState.RUNNING, to.state(), "the target");
    }
  }

  /** This kernel has both; the other interface leads to the same device. */
  private void byGroup() throws IOException {
    Bench group = new Bench(KernelInterface.GROUP);
    try (TestDevice test = Mdev.testDevice(KIB)) {
      try (KernelDevice device = group.open(test.mdev())) {
        Require.equal(KernelInterface.GROUP, device.kernelInterface(), "opened");
        device.moveTo(DeviceState.STOP);
        Require.equal(DeviceState.STOP, test.state(), "moved");
        device.moveTo(DeviceState.RUNNING);
      }
      Command.run("probe", group.address(test.mdev())).demand(0);
    }
  }
}
