// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.function.IntPredicate;

/** Sanitizes text from untrusted sources for display. */
public final class SanitizedText {

  private static final char REPLACEMENT = '\ufffd';

  private SanitizedText() {
  }

  /** Replaces characters that could control a terminal or change the direction of text. */
  public static String of(String text) {
    return replaceUnsafe(text, SanitizedText::isSafe);
  }

  /** Does the same for a text of several lines, keeping newlines and tabs. */
  public static String ofLines(String text) {
    return replaceUnsafe(text, c -> c == '\n' || c == '\t' || isSafe(c));
  }

  private static String replaceUnsafe(String text, IntPredicate isKept) {
    if (text.codePoints().allMatch(isKept)) {
      return text;
    }
    return text.codePoints().map(c -> isKept.test(c) ? c : REPLACEMENT)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
  }

  /**
   * Returns whether a character is kept: not a control character, which could control a terminal, and not a
   * format character, which could change the direction of text.
   */
  public static boolean isSafe(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED ->
        false;
      default -> true;
    };
  }
}
