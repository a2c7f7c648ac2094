// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.function.IntPredicate;

/** Makes text that came from outside fit to be shown to people. */
public final class SanitizedText {

  private static final char REPLACEMENT = '\ufffd';

  private SanitizedText() {
  }

  /** Returns the text with what could steer a terminal, or mislead the eye, replaced. */
  public static String of(String text) {
    return replaceUnsafe(text, SanitizedText::isSafe);
  }

  /** Returns the same of a text of several lines, whose ends and tabs stay. */
  public static String ofLines(String text) {
    return replaceUnsafe(text, c -> c == '\n' || c == '\t' || isSafe(c));
  }

  private static String replaceUnsafe(String text, IntPredicate stays) {
    if (text.codePoints().allMatch(stays)) {
      return text;
    }
    return text.codePoints().map(c -> stays.test(c) ? c : REPLACEMENT)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
  }

  /**
   * Returns whether a character is harmless: control characters could steer a terminal, format characters could turn the
   * direction of writing.
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
