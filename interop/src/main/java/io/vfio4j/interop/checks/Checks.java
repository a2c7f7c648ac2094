// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import com.google.gson.JsonObject;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/** Checks in the order in which they are made, and what became of each, a line of JSON. */
final class Checks {

  /** A check. */
  interface Check {

    /** Makes it; fails by throwing anything. */
    void run() throws Exception;
  }

  private final Map<String, Check> checks = new LinkedHashMap<>();

  /**
   * Adds a check.
   *
   * @param name of it, another than of all others
   */
  void add(String name, Check check) {
    if (checks.put(name, check) != null) {
      throw new IllegalArgumentException("two checks are called " + name);
    }
  }

  /**
   * Makes all checks. First comes a line with their number, so that none is missed if this ends too soon.
   *
   * @return whether none failed
   */
  boolean run(PrintStream out) {
    JsonObject plan = new JsonObject();
    plan.addProperty("checks", checks.size());
    tell(out, plan);
    boolean passed = true;
    for (Map.Entry<String, Check> check : checks.entrySet()) {
      passed &= run(check.getKey(), check.getValue(), out);
    }
    return passed;
  }

  private static boolean run(String name, Check check, PrintStream out) {
    JsonObject verdict = new JsonObject();
    verdict.addProperty("check", name);
    long begun = System.nanoTime();
    boolean passed = false;
    try {
      check.run();
      passed = true;
    } catch (Exception | AssertionError e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace));
      verdict.addProperty("why", trace.toString());
    }
    verdict.addProperty("passed", passed);
    verdict.addProperty("ms", (System.nanoTime() - begun) / 1_000_000);
    tell(out, verdict);
    return passed;
  }

  /** One call, and flushed: the guest may crash with the next check. */
  private static void tell(PrintStream out, JsonObject line) {
    out.println(line);
    out.flush();
  }
}
