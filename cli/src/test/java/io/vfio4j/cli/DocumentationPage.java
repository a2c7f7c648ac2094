// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A page of the documentation, and the commands on it.
 *
 * @param text the text of the page
 */
record DocumentationPage(String text) {

  /** Reads a page by its path in the source tree. */
  static DocumentationPage read(String path) throws IOException {
    return new DocumentationPage(Files.readString(Path.of("..", path)));
  }

  /**
   * Returns the commands with a prefix, without the prefix, for use in a test.
   *
   * @param beginning the prefix, after the indentation
   * @param folder replaces {@code /tmp}
   */
  List<String> commands(String beginning, Path folder) {
    String begin = "    " + beginning;
    return text.lines().filter(line -> line.startsWith(begin))
        .map(line -> line.substring(begin.length()).replace("/tmp/", folder + "/")).toList();
  }

  /** Returns the lines of output that the page shows, those of its blocks marked {@code text}. */
  List<String> outputs() {
    return Arrays.stream(text.split("```text\n", -1)).skip(1)
        .flatMap(block -> block.substring(0, block.indexOf("```")).lines()).toList();
  }

  /** Returns the only Java program on the page. */
  String program() {
    String mark = "```java\n";
    int begin = text.indexOf(mark) + mark.length();
    if (begin < mark.length() || text.indexOf(mark, begin) >= 0) {
      throw new IllegalArgumentException("a page has one program");
    }
    return text.substring(begin, text.indexOf("```\n", begin));
  }
}
