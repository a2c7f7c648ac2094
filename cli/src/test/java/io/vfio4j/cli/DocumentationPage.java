// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a page of the documentation tells its reader to do.
 *
 * @param text the page
 */
record DocumentationPage(String text) {

  /** Reads a page, by its path in the source tree. */
  static DocumentationPage read(String path) throws IOException {
    return new DocumentationPage(Files.readString(Path.of("..", path)));
  }

  /**
   * Returns the commands that begin in a way, without that, as they are to be typed in a test.
   *
   * @param beginning what such a command begins with, behind the indentation
   * @param folder is there instead of {@code /tmp}
   */
  List<String> commands(String beginning, Path folder) {
    String begin = "    " + beginning;
    return text.lines().filter(line -> line.startsWith(begin))
        .map(line -> line.substring(begin.length()).replace("/tmp/", folder + "/")).toList();
  }

  /** Returns the only program in Java on the page. */
  String program() {
    String mark = "```java\n";
    int begin = text.indexOf(mark) + mark.length();
    if (begin < mark.length() || text.indexOf(mark, begin) >= 0) {
      throw new IllegalArgumentException("a page has one program");
    }
    return text.substring(begin, text.indexOf("```\n", begin));
  }
}
