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
 * The expected verdicts on a device with a misbehaviour, as listed in a file of the tests.
 *
 * @param failed ids of the checks that must fail
 * @param deviating ids of the checks that must deviate
 */
record ExpectedVerdicts(Set<String> failed, Set<String> deviating) {

  private static final int FIELDS = 3;

  static ExpectedVerdicts named(Enum<?> misbehaviour, String file, ConformanceReport report)
      throws IOException {
    List<String> ids = report.results().stream().map(result -> result.check().id()).toList();
    ExpectedVerdicts expected = new ExpectedVerdicts(new TreeSet<>(), new TreeSet<>());
    for (String line : lines(file)) {
      String[] words = line.split(" +", FIELDS);
      if (words[0].equals(misbehaviour.name())) {
        Set<String> checks = words[1].equals("fails") ? expected.failed : expected.deviating;
        Arrays.stream(words[2].split("; ")).forEach(pattern -> apply(pattern, ids, checks));
      }
    }
    if (expected.failed.isEmpty() && expected.deviating.isEmpty()) {
      throw new AssertionError(file + " lists no verdict for " + misbehaviour);
    }
    return expected;
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
      throw new AssertionError("no check matches " + pattern);
    }
    checks.addAll(found);
  }
}
