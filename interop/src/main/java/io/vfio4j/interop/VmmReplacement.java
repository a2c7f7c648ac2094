// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.interop.qmp.PciFunctionState;
import io.vfio4j.interop.qmp.QmpClient;
import io.vfio4j.interop.qmp.QmpMigration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * The replacement of the QEMU process that runs a guest by another one on this machine (docs/vmm-replacement.md). The
 * guest's memory is a file that both have; its device stays where it is, and is handed over from the one to the other.
 */
final class VmmReplacement {

  /** The part of a replacement that concerns the device's server. */
  interface Handover {
    /** Prepares it while the guest still runs, and the candidate is connected. */
    void prepare() throws IOException, InterruptedException;

    /** Makes the candidate the device's owner. */
    void commit() throws IOException, InterruptedException;
  }

  /** A step that can be left out, to show that the guest needs it. */
  enum Step {
    /** Config space and the MSI-X table are written to the new QEMU. */
    CONFIG,
    /** The new QEMU becomes the device's owner. */
    HANDOVER
  }

  private final Guest guest;
  private final String function;
  private final Handover handover;
  private final Set<Step> steps = EnumSet.allOf(Step.class);

  /**
   * Creates a replacement.
   *
   * @param guest the guest
   * @param function the address of its device, such as {@code 0000:01:00.0}
   * @param handover the part of the device's server
   */
  VmmReplacement(Guest guest, String function, Handover handover) {
    this.guest = guest;
    this.function = function;
    this.handover = handover;
  }

  /** Leaves out a step. */
  VmmReplacement without(Step step) {
    steps.remove(step);
    return this;
  }

  /** Replaces the guest's QEMU. */
  void run() throws IOException, InterruptedException {
    QemuProcess successor = guest.startSuccessor();
    try (QmpClient source = guest.qemu().connectMonitor(); QmpClient target = successor.connectMonitor()) {
      QmpMigration migration = prepare(source, target, successor);
      migration.run();
      PciFunctionState state = PciFunctionState.read(source, function);
      state.disableIntx(source);
      migration.complete();
      if (steps.contains(Step.CONFIG)) {
        state.restore(target, sibling(successor.monitor(), ".gdb"));
      }
      if (steps.contains(Step.HANDOVER)) {
        handover.commit();
        // The device has kept its own config space, in which the old QEMU has disabled INTx.
        state.restoreCommand(target);
      }
      guest.moveTo(successor);
      target.execute("cont");
      source.execute("quit");
    }
  }

  /** Starts to replace the guest's QEMU, and gives up when the guest is stopped. */
  void runAndCancel() throws IOException, InterruptedException {
    QemuProcess successor = guest.startSuccessor();
    try (QmpClient source = guest.qemu().connectMonitor(); QmpClient target = successor.connectMonitor()) {
      QmpMigration migration = prepare(source, target, successor);
      migration.run();
      PciFunctionState state = PciFunctionState.read(source, function);
      state.disableIntx(source);
      // Before the guest runs again, which it does as soon as the migration is cancelled.
      state.restoreCommand(source);
      migration.cancel();
      successor.kill();
    }
  }

  private QmpMigration prepare(QmpClient source, QmpClient target, QemuProcess successor)
      throws IOException, InterruptedException {
    QmpMigration migration =
        QmpMigration.prepare(source, target, sibling(successor.monitor(), ".migration"));
    handover.prepare();
    return migration;
  }

  private static Path sibling(Path path, String suffix) {
    return path.resolveSibling(path.getFileName() + suffix);
  }
}
