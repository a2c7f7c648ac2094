// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes elements of SVG. */
final class Svg {

  private final StringBuilder text = new StringBuilder();

  Svg raw(String lines) {
    text.append(lines);
    return this;
  }

  Svg rect(String styleClass, Point corner, double width, double height, double radius) {
    return element("<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%s\"/>"
        .formatted(styleClass, number(corner.x()), number(corner.y()), number(width), number(height),
            number(radius)));
  }

  Svg line(String styleClass, Point from, Point to) {
    return element("<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>"
        .formatted(styleClass, number(from.x()), number(from.y()), number(to.x()), number(to.y())));
  }

  Svg polygon(String styleClass, Point... corners) {
    String points = Arrays.stream(corners).map(corner -> number(corner.x()) + "," + number(corner.y()))
        .collect(Collectors.joining(" "));
    return element("<polygon class=\"%s\" points=\"%s\"/>".formatted(styleClass, points));
  }

  Svg circle(String styleClass, Point centre, double radius) {
    return element("<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>"
        .formatted(styleClass, number(centre.x()), number(centre.y()), number(radius)));
  }

  Svg text(String styleClass, Point at, String words) {
    return element("<text class=\"%s\" x=\"%s\" y=\"%s\">%s</text>"
        .formatted(styleClass, number(at.x()), number(at.y()), escape(words)));
  }

  Svg arrow(String styleClass, Arrow arrow) {
    return line("arc " + styleClass, arrow.tail(), arrow.shaft())
        .polygon("head " + styleClass, arrow.head());
  }

  private Svg element(String element) {
    text.append("  ").append(element).append('\n');
    return this;
  }

  static String escape(String words) {
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  /** Tenths are enough, and the same everywhere, which the last digits of a double might not be. */
  private static String number(double value) {
    String tenths = String.format(Locale.ROOT, "%.1f", value);
    return tenths.endsWith(".0") ? tenths.substring(0, tenths.length() - 2) : tenths;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
