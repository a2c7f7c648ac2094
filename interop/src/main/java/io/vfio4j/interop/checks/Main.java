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
    CheckContext bench = CheckContext.of(which);
    CheckList checks = new CheckList(System.out, List.of(args).subList(1, args.length));
    GuestChecks.add(checks, which);
    OracleChecks.add(checks, bench);
    ArcChecks.add(checks, bench);
    SessionChecks.add(checks, bench);
    DmaLogChecks.add(checks, bench);
    ContainerDirtyLogChecks.add(checks);
    InterruptChecks.add(checks, bench);
    OpeningChecks.add(checks, bench);
    ConformanceChecks.add(checks, bench);
    MigrationChecks.add(checks, bench);
    RecoveryChecks.add(checks, bench);
    System.exit(checks.run() ? 0 : 1);
  }
}
