// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.conformance.report.Markup;
import java.util.Collection;
import java.util.List;

/** Writes elements of a page; every text is escaped. */
final class HtmlWriter {

  private final StringBuilder out = new StringBuilder();

  /** Adds what is HTML already. */
  HtmlWriter raw(String html) {
    out.append(html);
    return this;
  }

  /** Adds an element of a class with a text. */
  HtmlWriter element(String name, String style, String text) {
    out.append('<').append(name);
    if (!style.isEmpty()) {
      out.append(" class=\"").append(style).append('"');
    }
    out.append('>').append(Markup.escape(text)).append("</").append(name).append(">\n");
    return this;
  }

  /** Adds a fact of a list of such. */
  HtmlWriter fact(String name, String value) {
    return raw("<div>").element("dt", "", name).element("dd", "", value).raw("</div>\n");
  }

  /** Begins a card. */
  HtmlWriter section(String title) {
    return raw("<section>\n").element("h2", "", title);
  }

  HtmlWriter endSection() {
    return raw("</section>\n");
  }

  /** Adds what may be wider than a narrow window, and is scrolled there. */
  HtmlWriter scrollable(String html) {
    return raw("<div class=\"wide\">").raw(html).raw("</div>\n");
  }

  /** Adds a table, of which the first column names the rows. */
  HtmlWriter table(List<String> heads, Collection<List<String>> rows) {
    raw("<div class=\"wide\"><table>\n<thead><tr>");
    heads.forEach(head -> raw("<th scope=\"col\">" + Markup.escape(head) + "</th>"));
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
