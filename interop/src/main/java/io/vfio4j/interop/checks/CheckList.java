// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import com.google.gson.JsonObject;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Checks in execution order. Prints the result of each as a line of JSON. */
final class CheckList {

  /** A check. */
  interface Check {

    /** Runs the check, which fails by throwing anything. */
    void run() throws Exception;
  }

  private final Map<String, Check> checks = new LinkedHashMap<>();
  private final PrintStream out;
  private final List<String> prefixes;

  /**
   * Creates an empty list.
   *
   * @param out receives the results
   * @param prefixes prefixes of the names of checks to run; empty for all
   */
  CheckList(PrintStream out, List<String> prefixes) {
    this.out = out;
    this.prefixes = List.copyOf(prefixes);
  }

  /**
   * Adds a check.
   *
   * @param name its unique name
   */
  void add(String name, Check check) {
    boolean isSelected = prefixes.isEmpty() || prefixes.stream().anyMatch(name::startsWith);
    if (isSelected && checks.put(name, check) != null) {
      throw new IllegalArgumentException("duplicate name of a check: " + name);
    }
  }

  /**
   * Runs all checks. The first line of output has their number, so that a premature end is noticed.
   *
   * @return whether all passed
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
    long start = System.nanoTime();
    boolean passed = false;
    try {
      check.run();
      passed = true;
    } catch (Exception | AssertionError e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace));
      verdict.addProperty("reason", trace.toString());
    }
    verdict.addProperty("passed", passed);
    verdict.addProperty("ms", (System.nanoTime() - start) / 1_000_000);
    writeLine(out, verdict);
    return passed;
  }

  /** Reports an observation, which the reader compares with the expected one. */
  void observe(String kind, String subject, String actual) {
    JsonObject observation = new JsonObject();
    observation.addProperty("kind", kind);
    observation.addProperty("subject", subject);
    observation.addProperty("actual", actual);
    writeLine(out, observation);
  }

  /** Writes a line with one call and flushes it, because the next check may crash the guest. */
  private static void writeLine(PrintStream out, JsonObject line) {
    out.println(line);
    out.flush();
  }
}
