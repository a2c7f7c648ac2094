// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.interop.VfioInterface;
import java.util.List;

/** The program that makes the checks, inside of a guest. */
public final class Main {

  private Main() {
  }

  /** Takes the interface that the guest's kernel has, and what to check, or all. Exit code 0: no check failed. */
  public static void main(String[] args) {
    VfioInterface which = VfioInterface.valueOf(args[0]);
    CheckContext context = CheckContext.of(which);
    CheckList checks = new CheckList(System.out, List.of(args).subList(1, args.length));
    GuestChecks.add(checks, which);
    OracleChecks.add(checks, context);
    ArcChecks.add(checks, context);
    SessionChecks.add(checks, context);
    DmaLogChecks.add(checks, context);
    ContainerDirtyLogChecks.add(checks);
    InterruptChecks.add(checks, context);
    OpeningChecks.add(checks, context);
    ConformanceChecks.add(checks, context);
    MigrationChecks.add(checks, context);
    RecoveryChecks.add(checks, context);
    System.exit(checks.run() ? 0 : 1);
  }
}
