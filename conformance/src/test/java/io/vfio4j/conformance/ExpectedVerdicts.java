// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.report.ConformanceReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What the suite is to find in a device with a misbehaviour, as a file of the tests has it.
 *
 * @param failed ids of the checks that are to fail
 * @param deviating ids of those that are to deviate
 */
record ExpectedVerdicts(Set<String> failed, Set<String> deviating) {

  private static final int FIELDS = 3;

  static ExpectedVerdicts named(Enum<?> habit, String file, ConformanceReport report) throws IOException {
    List<String> ids = report.results().stream().map(result -> result.check().id()).toList();
    ExpectedVerdicts rightly = new ExpectedVerdicts(new TreeSet<>(), new TreeSet<>());
    for (String line : lines(file)) {
      String[] words = line.split(" +", FIELDS);
      if (words[0].equals(habit.name())) {
        Set<String> checks = words[1].equals("fails") ? rightly.failed : rightly.deviating;
        Arrays.stream(words[2].split("; ")).forEach(pattern -> apply(pattern, ids, checks));
      }
    }
    if (rightly.failed.isEmpty() && rightly.deviating.isEmpty()) {
      throw new AssertionError(file + " does not say what is to be found of " + habit);
    }
    return rightly;
  }

  private static List<String> lines(String file) throws IOException {
    try (var reader = new BufferedReader(new InputStreamReader(
        Objects.requireNonNull(ExpectedVerdicts.class.getResourceAsStream(file)),
        StandardCharsets.UTF_8))) {
      return reader.lines().toList();
    }
  }

  private static void apply(String pattern, List<String> ids, Set<String> checks) {
    if (pattern.startsWith("-")) {
      checks.remove(pattern.substring(1));
      return;
    }
    Pattern regex = Pattern.compile(Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote)
        .collect(Collectors.joining(".*")));
    List<String> found = ids.stream().filter(id -> regex.matcher(id).matches()).toList();
    if (found.isEmpty()) {
      throw new AssertionError("there is no check " + pattern);
    }
    checks.addAll(found);
  }
}
