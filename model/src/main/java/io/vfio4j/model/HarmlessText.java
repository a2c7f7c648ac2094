// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/** Makes text that came from outside fit to be shown to people. */
public final class HarmlessText {

  private static final char REPLACEMENT = '\ufffd';

  private HarmlessText() {
  }

  /** Returns the text with what could steer a terminal, or mislead the eye, replaced. */
  public static String of(String text) {
    return text.codePoints().map(c -> isHarmless(c) ? c : REPLACEMENT)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
  }

  /** Control characters could steer a terminal, format characters could turn the direction of writing. */
  private static boolean isHarmless(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED ->
        false;
      default -> true;
    };
  }
}
