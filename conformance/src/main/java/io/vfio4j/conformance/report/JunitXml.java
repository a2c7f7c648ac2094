// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * A report in the XML format of JUnit, which build servers read: a test suite for each group, a test case for
 * each check. A deviation is a passed test case whose output describes it.
 */
public final class JunitXml {

  private final ConformanceReport report;
  private final XMLStreamWriter xml;

  private JunitXml(ConformanceReport report, XMLStreamWriter xml) {
    this.report = report;
    this.xml = xml;
  }

  /** Returns the document, to be written as UTF-8. */
  public static String of(ConformanceReport report) {
    StringWriter out = new StringWriter();
    try {
      XMLStreamWriter xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(out);
      new JunitXml(report, xml).write();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("a report that cannot be written as XML", e); // Writes to memory only.
    }
    return out.toString();
  }

  private void write() throws XMLStreamException {
    xml.writeStartDocument("UTF-8", "1.0");
    begin("testsuites");
    attribute("name", "vfio4j conform " + report.device().name());
    counts(report.results(), report.duration());
    for (CheckGroup group : CheckGroup.values()) {
      List<CheckResult> results = report.resultsOf(group);
      if (!results.isEmpty()) {
        write(group, results);
      }
    }
    end();
    xml.writeEndDocument();
  }

  private void write(CheckGroup group, List<CheckResult> results) throws XMLStreamException {
    begin("testsuite");
    attribute("name", group.title());
    attribute("timestamp", report.startTime().toString());
    counts(results, results.stream().map(CheckResult::duration).reduce(Duration.ZERO, Duration::plus));
    for (CheckResult result : results) {
      write(result);
    }
    end();
  }

  private void counts(List<CheckResult> results, Duration duration) throws XMLStreamException {
    attribute("tests", Integer.toString(results.size()));
    attribute("failures", count(results, Verdict.Failure.class));
    attribute("errors", "0");
    attribute("skipped", count(results, Verdict.NotApplicable.class));
    attribute("time", seconds(duration));
  }

  private static String count(List<CheckResult> results, Class<? extends Verdict> kind) {
    return Long.toString(results.stream().filter(result -> kind.isInstance(result.verdict())).count());
  }

  private void write(CheckResult result) throws XMLStreamException {
    Check check = result.check();
    String specification = "%s\nReference: %s".formatted(check.requirement(), check.reference());
    begin("testcase");
    attribute("classname", "vfio4j.conform." + check.group().id());
    attribute("name", check.name());
    attribute("time", seconds(result.duration()));
    switch (result.verdict()) {
      case Verdict.Pass _ -> {
        // An empty test case has passed.
      }
      case Verdict.Failure failed -> element("failure", failed.details(), specification);
      case Verdict.NotApplicable(String reason) -> element("skipped", reason, "");
      case Verdict.Deviation(String observed) -> {
        begin("system-out");
        text("Deviates: " + observed + "\n" + specification);
        xml.writeEndElement();
      }
    }
    end();
  }

  private static String seconds(Duration time) {
    return String.format(Locale.ROOT, "%.3f", time.toNanos() / 1e9);
  }

  private void element(String name, String message, String content) throws XMLStreamException {
    begin(name);
    attribute("message", message);
    text(content);
    xml.writeEndElement();
  }

  private void begin(String name) throws XMLStreamException {
    xml.writeCharacters("\n");
    xml.writeStartElement(name);
  }

  private void attribute(String name, String value) throws XMLStreamException {
    xml.writeAttribute(name, Markup.replaceInvalid(value));
  }

  private void text(String text) throws XMLStreamException {
    xml.writeCharacters(Markup.replaceInvalid(text));
  }

  private void end() throws XMLStreamException {
    xml.writeCharacters("\n");
    xml.writeEndElement();
  }
}
