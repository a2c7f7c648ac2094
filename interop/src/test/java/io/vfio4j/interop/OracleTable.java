// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The answers of a real kernel with mtty, {@code mtty-6.12.txt}, recorded with C programs independent of this
 * project. Kinds and words are those of the observations in a guest.
 */
final class OracleTable {

  /** Columns are separated by at least two blanks. */
  private static final Pattern ROW = Pattern.compile("(\\S+) +-> (\\S+) +: (.*)");
  private static final Pattern RESET = Pattern.compile("RESET in (\\S+) +-> 0 (\\S+)");
  /** With a driver modified to fail. */
  private static final Pattern OUT_OF_ERROR =
      Pattern.compile("\\(inject\\) (ERROR -> \\S+) +: (\\S+) +(\\S+) data_fd=-1");
  private static final Pattern FAILED_ARC =
      Pattern.compile("\\(inject\\) (fail arc \\S+): SET \\S+ -> (\\S+) data_fd=-1 GET 0 (\\S+)");
  private static final Pattern OLD_SESSION =
      Pattern.compile("\\(inject\\) (fail \\S+) -> (\\S+ \\S+; old fd) read -1 (\\S+)");
  private static final Pattern RESET_FROM_ERROR =
      Pattern.compile("\\(inject\\) (RESET from ERROR) -> (\\S+) (\\S+)");

  private final Map<String, Map<String, String>> answers = new LinkedHashMap<>();

  static OracleTable read() throws IOException {
    OracleTable table = new OracleTable();
    try (InputStream stream = OracleTable.class.getResourceAsStream("mtty-6.12.txt")) {
      if (stream == null) {
        throw new IOException("mtty-6.12.txt is missing");
      }
      new String(stream.readAllBytes(), StandardCharsets.UTF_8).lines()
          .filter(line -> !line.startsWith("#") && !line.isBlank()).forEach(table::add);
    }
    return table;
  }

  private void add(String line) {
    Matcher row = ROW.matcher(line);
    if (row.matches()) {
      put("row", row.group(1) + " -> " + row.group(2),
          String.join(" | ", row.group(3).trim().split(" {2,}")));
      return;
    }
    Matcher reset = RESET.matcher(line);
    if (reset.matches()) {
      put("reset", reset.group(1), reset.group(2));
      return;
    }
    for (Pattern pattern : List.of(OUT_OF_ERROR, FAILED_ARC, OLD_SESSION, RESET_FROM_ERROR)) {
      Matcher injected = pattern.matcher(line);
      if (injected.matches()) {
        put("inject", injected.group(1), injected.group(2) + " " + injected.group(3));
        return;
      }
    }
    throw new IllegalArgumentException("cannot parse: " + line);
  }

  private void put(String kind, String what, String answer) {
    if (answers.computeIfAbsent(kind, _ -> new LinkedHashMap<>()).put(what, answer) != null) {
      throw new IllegalArgumentException("twice: " + what);
    }
  }

  /** Returns the answers of a kind by request. */
  Map<String, String> answers(String kind) {
    return answers.getOrDefault(kind, Map.of());
  }
}
