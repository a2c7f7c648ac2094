// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A part of docs/failures.md that a test writes, and that it checks otherwise. */
final class DocumentSection {

  private static final Path DOCUMENT =
      Path.of(System.getProperty("basedir", ".")).resolve("../docs/failures.md");

  private final String begin;
  private final String end;

  private DocumentSection(String name) {
    this.begin = "<!-- " + name + ": written by a test -->\n";
    this.end = "<!-- end of " + name + " -->";
  }

  static DocumentSection of(String name) {
    return new DocumentSection(name);
  }

  /** Compares, or writes with {@code -Dvfio4j.failures.write=true}. */
  void check(String text) throws IOException {
    String document = Files.readString(DOCUMENT);
    int from = document.indexOf(begin) + begin.length();
    int to = document.indexOf(end);
    assertThat(to).as("the place in %s", DOCUMENT).isGreaterThanOrEqualTo(from);
    if (Boolean.getBoolean("vfio4j.failures.write")) {
      Files.writeString(DOCUMENT, document.substring(0, from) + text + document.substring(to));
    } else {
      assertThat(document.substring(from, to)).isEqualTo(text);
    }
  }
}
