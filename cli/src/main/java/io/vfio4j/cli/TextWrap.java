// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Breaks lines that are too long for a terminal. Words are never broken. */
final class TextWrap {

  /** A row of a table: an entry, two blanks or more, and its meaning. */
  private static final Pattern ROW = Pattern.compile("( *\\S.*?\\S {2,})(\\S.*)");
  /** An argument of a command, with its quotes, which may contain blanks. */
  private static final Pattern ARGUMENT = Pattern.compile("(?:'[^']*'|\\S)+");
  private static final int INDENT = 4;

  private TextWrap() {
  }

  /**
   * Breaks a line at blanks.
   *
   * @param line the line; its indentation is kept
   * @param columns the maximum length
   * @param indent the indentation of the following lines
   */
  static String wrap(String line, int columns, String indent) {
    String before = line.substring(0, line.length() - line.stripLeading().length());
    return fill(before, List.of(line.strip().split(" +", -1)), columns, indent, "");
  }

  /** Breaks a command with backslashes, as a shell requires; an option stays with its value. */
  static String wrapCommand(String line, int columns) {
    String before = line.substring(0, line.length() - line.stripLeading().length());
    List<String> pieces = new ArrayList<>();
    Matcher argument = ARGUMENT.matcher(line);
    while (argument.find()) {
      boolean belongs =
          !pieces.isEmpty() && pieces.getLast().matches("-\\S+") && !argument.group().startsWith("-");
      pieces.add(belongs ? pieces.removeLast() + " " + argument.group() : argument.group());
    }
    return fill(before, pieces, columns, before + " ".repeat(INDENT), " \\");
  }

  /** Breaks a row of a table: the meaning continues in its column, or below the entry if that is too narrow. */
  static String wrapRow(String line, int columns) {
    Matcher row = ROW.matcher(line);
    String before = line.substring(0, line.length() - line.stripLeading().length());
    if (!row.matches()) {
      return wrap(line, columns, before);
    }
    String indent = " ".repeat(row.group(1).length());
    if (indent.length() <= columns / 2) {
      return row.group(1) + wrap(indent + row.group(2), columns, indent).substring(indent.length());
    }
    String below = before + " ".repeat(INDENT);
    return wrap(row.group(1).stripTrailing(), columns, below) + "\n"
        + wrap(below + row.group(2), columns, below);
  }

  private static String fill(String before, List<String> pieces, int columns, String indent, String mark) {
    StringBuilder lines = new StringBuilder(before);
    int length = before.length();
    boolean atBegin = true;
    for (String piece : pieces) {
      if (!atBegin && length + 1 + piece.length() + mark.length() > columns) {
        lines.append(mark).append('\n').append(indent);
        length = indent.length();
        atBegin = true;
      }
      lines.append(atBegin ? "" : " ").append(piece);
      length += piece.length() + (atBegin ? 0 : 1);
      atBegin = false;
    }
    return lines.toString();
  }
}
