// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.conformance.report.Markup;
import java.util.Collection;
import java.util.List;

/** Builder of HTML that escapes all text. */
final class HtmlWriter {

  private final StringBuilder out = new StringBuilder();

  /** Adds HTML as it is. */
  HtmlWriter raw(String html) {
    out.append(html);
    return this;
  }

  /** Adds an element with a text; an empty class is left out. */
  HtmlWriter element(String name, String cssClass, String text) {
    out.append('<').append(name);
    if (!cssClass.isEmpty()) {
      out.append(" class=\"").append(cssClass).append('"');
    }
    out.append('>').append(Markup.escape(text)).append("</").append(name).append(">\n");
    return this;
  }

  /** Adds a term and its value to a description list. */
  HtmlWriter fact(String name, String value) {
    return raw("<div>").element("dt", "", name).element("dd", "", value).raw("</div>\n");
  }

  /** Starts a section. */
  HtmlWriter section(String title) {
    return raw("<section>\n").element("h2", "", title);
  }

  HtmlWriter endSection() {
    return raw("</section>\n");
  }

  /** Adds HTML in a block that scrolls horizontally in a narrow window. */
  HtmlWriter scrollable(String html) {
    return raw("<div class=\"wide\">").raw(html).raw("</div>\n");
  }

  /** Adds a table whose first column holds row headings. */
  HtmlWriter table(List<String> headings, Collection<List<String>> rows) {
    raw("<div class=\"wide\"><table>\n<thead><tr>");
    headings.forEach(heading -> raw("<th scope=\"col\">" + Markup.escape(heading) + "</th>"));
    raw("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows) {
      raw("<tr><th scope=\"row\">" + Markup.escape(row.getFirst()) + "</th>");
      row.subList(1, row.size()).forEach(cell -> raw("<td>" + Markup.escape(cell) + "</td>"));
      raw("</tr>\n");
    }
    return raw("</tbody>\n</table></div>\n");
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
