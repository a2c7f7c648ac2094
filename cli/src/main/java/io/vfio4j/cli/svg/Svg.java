// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.svg;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Builds a sequence of SVG elements. */
public final class Svg {

  private final StringBuilder text = new StringBuilder();

  /**
   * Returns a self-contained file.
   *
   * @param title the title in the drawing, and its accessible name
   * @param css a style element that includes the classes {@code paper} and {@code title}
   * @param content the elements of the drawing
   */
  public static String file(String title, String css, double width, double height, Svg content) {
    Svg file = new Svg();
    file.raw("""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$.0f %2$.0f" width="%1$.0f" height="%2$.0f" \
        role="img" aria-labelledby="title">
        <!-- SPDX-License-Identifier: Apache-2.0 -->
        <title id="title">%3$s</title>
        """.formatted(width, height, escape(title)));
    file.raw(css);
    file.rect("paper", new Point(0, 0), width, height, 12);
    file.text("title", new Point(30, 40), title);
    return file.raw(content.toString()).raw("</svg>").toString();
  }

  /** Adds text without escaping it. */
  public Svg raw(String lines) {
    text.append(lines);
    return this;
  }

  /** Adds a rectangle with round corners. */
  public Svg rect(String styleClass, Point corner, double width, double height, double radius) {
    return element("<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%s\"/>"
        .formatted(styleClass, number(corner.x()), number(corner.y()), number(width), number(height),
            number(radius)));
  }

  /** Adds a line. */
  public Svg line(String styleClass, Point from, Point to) {
    return element("<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>"
        .formatted(styleClass, number(from.x()), number(from.y()), number(to.x()), number(to.y())));
  }

  /** Adds a polygon. */
  public Svg polygon(String styleClass, Point... corners) {
    return element("<polygon class=\"%s\" points=\"%s\"/>".formatted(styleClass, points(List.of(corners))));
  }

  /** Adds a polyline. */
  public Svg polyline(String styleClass, List<Point> corners) {
    return element("<polyline class=\"%s\" points=\"%s\"/>".formatted(styleClass, points(corners)));
  }

  private static String points(List<Point> corners) {
    return corners.stream().map(corner -> number(corner.x()) + "," + number(corner.y()))
        .collect(Collectors.joining(" "));
  }

  /** Adds a circle. */
  public Svg circle(String styleClass, Point centre, double radius) {
    return element("<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>"
        .formatted(styleClass, number(centre.x()), number(centre.y()), number(radius)));
  }

  /** Adds a text. */
  public Svg text(String styleClass, Point at, String content) {
    return element("<text class=\"%s\" x=\"%s\" y=\"%s\">%s</text>"
        .formatted(styleClass, number(at.x()), number(at.y()), escape(content)));
  }

  /** Adds an arrow. */
  public Svg arrow(String styleClass, Arrow arrow) {
    return line("arc " + styleClass, arrow.tail(), arrow.shaft())
        .polygon("head " + styleClass, arrow.head());
  }

  private Svg element(String element) {
    text.append("  ").append(element).append('\n');
    return this;
  }

  /** Returns a text with the characters of XML's syntax escaped. */
  public static String escape(String content) {
    return content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  /** Rounds to tenths, which are the same on every machine; the last digits of a double may not be. */
  private static String number(double value) {
    String tenths = String.format(Locale.ROOT, "%.1f", value);
    return tenths.endsWith(".0") ? tenths.substring(0, tenths.length() - 2) : tenths;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
