// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** What tests need of the machine: where it is missing they are skipped, and fail on the build server. */
final class TestPrerequisites {

  private TestPrerequisites() {
  }

  /** Needs root, and programs on the PATH. */
  static void requireRootAnd(String what, String... programs) {
    boolean able =
        "root".equals(System.getProperty("user.name"))
            && Arrays.stream(programs).allMatch(ToolProcess::exists);
    if (!able) {
      throw skipOrFail("%s, which take root and %s".formatted(what, String.join(", ", programs)), null);
    }
  }

  /** Something is missing: never returns, and says so to the compiler by what it is to be thrown. */
  static RuntimeException skipOrFail(String reason, @Nullable Throwable cause) {
    if ("true".equals(System.getenv("CI"))) {
      return Assertions.fail(reason + " (CI=true: nothing may be skipped)", cause);
    }
    System.out.println("skipped: " + reason);
    return Assumptions.abort(reason);
  }
}
