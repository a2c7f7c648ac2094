// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.interop.qmp.PciFunctionState;
import io.vfio4j.interop.qmp.QmpClient;
import io.vfio4j.interop.qmp.QmpMigration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The replacement of the QEMU process that runs a guest by another one on this machine (docs/vmm-replacement.md). The
 * guest's memory is a file that both have; its device stays where it is, and is handed over from the one to the other.
 */
final class VmmReplacement {

  /** The part of a replacement that the device's server does. */
  interface Handover {
    /** Makes the candidate the device's owner. */
    void run() throws IOException, InterruptedException;
  }

  private final Guest guest;
  private final String function;
  private final Handover handover;
  private boolean restoresConfig = true;

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

  /** Leaves out the device's config space, to show that the guest needs it. */
  VmmReplacement withoutConfig() {
    restoresConfig = false;
    return this;
  }

  /**
   * Replaces the guest's QEMU.
   *
   * @return the time for which the guest was stopped, or was about to be
   */
  Duration run() throws IOException, InterruptedException {
    QemuProcess old = guest.qemu();
    QemuProcess successor = guest.startSuccessor();
    try (QmpClient source = old.connectMonitor(); QmpClient target = successor.connectMonitor()) {
      QmpMigration migration =
          QmpMigration.prepare(source, target, sibling(successor.monitor(), ".migration"));
      long begun = System.nanoTime();
      migration.run();
      PciFunctionState state = PciFunctionState.read(source, function);
      state.disableIntx(source);
      migration.complete();
      if (restoresConfig) {
        state.restore(target, sibling(successor.monitor(), ".gdb"));
      }
      handover.run();
      // The device has kept its own config space, with INTx disabled by the old QEMU.
      state.restoreCommand(target);
      guest.moveTo(successor);
      target.execute("cont");
      Duration took = Duration.ofNanos(System.nanoTime() - begun);
      source.execute("quit");
      return took;
    }
  }

  private static Path sibling(Path path, String suffix) {
    return path.resolveSibling(path.getFileName() + suffix);
  }
}
