// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** Prerequisites of tests on this machine. Without them tests are skipped, or fail if {@code CI=true}. */
final class TestPrerequisites {

  private TestPrerequisites() {
  }

  /** Requires root, and programs on the PATH. */
  static void requireRootAnd(String what, String... programs) {
    boolean able =
        "root".equals(System.getProperty("user.name"))
            && Arrays.stream(programs).allMatch(ToolProcess::exists);
    if (!able) {
      throw skipOrFail("%s requires root and %s".formatted(what, String.join(", ", programs)), null);
    }
  }

  /** Skips or fails the test. Never returns; callers throw its result so that the compiler knows. */
  static RuntimeException skipOrFail(String reason, @Nullable Throwable cause) {
    if ("true".equals(System.getenv("CI"))) {
      return Assertions.fail(reason + " (tests are not skipped with CI=true)", cause);
    }
    System.out.println("skipped: " + reason);
    return Assumptions.abort(reason);
  }
}
