// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.interop.VfioInterface;
import java.util.List;

/** The program that runs the checks inside a guest. */
public final class Main {

  private Main() {
  }

  /**
   * Arguments: the interface of the guest's kernel, then prefixes of the names of checks, by default all. Exits
   * with 0 if all checks passed.
   */
  public static void main(String[] args) {
    VfioInterface interfaces = VfioInterface.valueOf(args[0]);
    CheckContext context = CheckContext.of(interfaces);
    CheckList checks = new CheckList(System.out, List.of(args).subList(1, args.length));
    GuestChecks.add(checks, interfaces);
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
