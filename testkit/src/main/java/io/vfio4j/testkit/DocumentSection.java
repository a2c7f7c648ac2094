// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A generated section of docs/failures.md: a test writes it, or compares it with what it would write. */
public final class DocumentSection {

  private static final Path DOCUMENT =
      Path.of(System.getProperty("basedir", ".")).resolve("../docs/failures.md");

  private final String begin;
  private final String end;

  private DocumentSection(String name) {
    this.begin = "<!-- " + name + ": written by a test -->\n";
    this.end = "<!-- end of " + name + " -->";
  }

  /** Returns the section with this name. */
  public static DocumentSection of(String name) {
    return new DocumentSection(name);
  }

  /**
   * Returns the text of the section.
   *
   * @throws AssertionError if the document has no such section
   */
  public String text() throws IOException {
    String document = Files.readString(DOCUMENT);
    return document.substring(from(document), to(document));
  }

  private int from(String document) {
    int at = document.indexOf(begin);
    if (at < 0 || document.indexOf(end, at) < 0) {
      throw new AssertionError("%s has no section '%s'".formatted(DOCUMENT, begin.strip()));
    }
    return at + begin.length();
  }

  private int to(String document) {
    return document.indexOf(end, from(document));
  }

  /** Returns whether sections are rewritten instead of compared: {@code -Dvfio4j.failures.write=true}. */
  public static boolean isUpdating() {
    return Boolean.getBoolean("vfio4j.failures.write");
  }

  /**
   * Compares the section with a text, or replaces it if {@link #isUpdating()}.
   *
   * @throws AssertionError with the first line that differs
   */
  public void check(String text) throws IOException {
    String document = Files.readString(DOCUMENT);
    int from = from(document);
    int to = to(document);
    if (isUpdating()) {
      Files.writeString(DOCUMENT, document.substring(0, from) + text + document.substring(to));
      return;
    }
    String there = document.substring(from, to);
    if (!there.equals(text)) {
      throw new AssertionError("%s is out of date. It has%n%s%n%nexpected%n%s"
          .formatted(DOCUMENT, firstDifference(there, text), firstDifference(text, there)));
    }
  }

  private static String firstDifference(String in, String from) {
    var others = from.lines().iterator();
    return in.lines().dropWhile(line -> others.hasNext() && others.next().equals(line)).findFirst()
        .orElse("(end of section)");
  }
}
