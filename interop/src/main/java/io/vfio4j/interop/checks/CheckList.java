// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import com.google.gson.JsonObject;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Checks in the order in which they are made, and what became of each, a line of JSON. */
final class CheckList {

  /** A check. */
  interface Check {

    /** Makes it; fails by throwing anything. */
    void run() throws Exception;
  }

  private final Map<String, Check> checks = new LinkedHashMap<>();
  private final PrintStream out;
  private final List<String> prefixes;

  /**
   * Begins without any.
   *
   * @param out where what becomes of them is told
   * @param wanted beginnings of the names of checks to make; all if there are none
   */
  CheckList(PrintStream out, List<String> wanted) {
    this.out = out;
    this.prefixes = List.copyOf(wanted);
  }

  /**
   * Adds a check.
   *
   * @param name of it, another than of all others
   */
  void add(String name, Check check) {
    boolean isWanted = prefixes.isEmpty() || prefixes.stream().anyMatch(name::startsWith);
    if (isWanted && checks.put(name, check) != null) {
      throw new IllegalArgumentException("two checks are called " + name);
    }
  }

  /**
   * Makes all checks. First comes a line with their number, so that none is missed if this ends too soon.
   *
   * @return whether none failed
   */
  boolean run() {
    JsonObject plan = new JsonObject();
    plan.addProperty("checks", checks.size());
    writeLine(out, plan);
    boolean passed = true;
    for (Map.Entry<String, Check> check : checks.entrySet()) {
      passed &= run(check.getKey(), check.getValue());
    }
    return passed;
  }

  private boolean run(String name, Check check) {
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
    writeLine(out, verdict);
    return passed;
  }

  /** Tells of something that was seen, for whoever knows what should be. */
  void observe(String kind, String what, String seen) {
    JsonObject observed = new JsonObject();
    observed.addProperty("observed", kind);
    observed.addProperty("what", what);
    observed.addProperty("seen", seen);
    writeLine(out, observed);
  }

  /** One call, and flushed: the guest may crash with the next check. */
  private static void writeLine(PrintStream out, JsonObject line) {
    out.println(line);
    out.flush();
  }
}
