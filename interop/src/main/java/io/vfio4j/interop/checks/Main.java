// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.interop.VfioInterface;

/** The program that makes the checks, inside of a guest. */
public final class Main {

  private Main() {
  }

  /** Takes the interface that the guest's kernel has. Exit code 0: no check failed. */
  public static void main(String[] args) {
    VfioInterface which = VfioInterface.valueOf(args[0]);
    Checks checks = new Checks();
    GuestChecks.add(checks, which);
    System.exit(checks.run(System.out) ? 0 : 1);
  }
}
