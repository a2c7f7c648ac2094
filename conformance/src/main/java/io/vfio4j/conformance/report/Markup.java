// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

/** Escapes text for XML and HTML. */
public final class Markup {

  private Markup() {
  }

  /** Escapes a text for element content or a quoted attribute of HTML. */
  public static String escape(String text) {
    return replaceInvalid(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** Replaces the characters that XML 1.0 does not allow by question marks; device names may contain any. */
  public static String replaceInvalid(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> out.appendCodePoint(isXmlChar(c) ? c : '?'));
    return out.toString();
  }

  private static boolean isXmlChar(int c) {
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd)
        || c >= 0x10000;
  }
}
