// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.MigrationFeatures;
import java.io.StringReader;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

final class ReportsTest {

  private static final String NASTY = "<b> & \"quotes\" '\u0001";

  private static CheckResult result(CheckGroup group, String name, Verdict verdict) {
    return new CheckResult(new Check(group, name, "It is " + name + ".", "a reference", false), verdict,
        Duration.ofMillis(1500));
  }

  private static ConformanceReport report(Verdict... verdicts) {
    List<CheckResult> results = Arrays.stream(verdicts)
        .map(verdict -> result(CheckGroup.RESET, NASTY + verdict.label(), verdict)).toList();
    return new ConformanceReport(new DeviceIdentity("sim:" + NASTY, 0x1234, 1, 2, 3, 0, "driver"),
        MigrationFeatures.ALL, Instant.parse("2026-01-02T03:04:05Z"), Duration.ofSeconds(6),
        EnumSet.allOf(CheckGroup.class), results);
  }

  private static ConformanceReport all() {
    return report(new Verdict.Pass(), new Verdict.Failure(NASTY, "seen"), new Verdict.NotApplicable(NASTY),
        new Verdict.Deviation(NASTY));
  }

  @Test
  void writesWellFormedJunitXml() throws Exception {
    Document document = DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder()
        .parse(new InputSource(new StringReader(JunitXml.of(all()))));

    Element root = document.getDocumentElement();
    assertThat(root.getAttribute("tests")).isEqualTo("4");
    assertThat(root.getAttribute("failures")).isEqualTo("1");
    assertThat(root.getAttribute("skipped")).isEqualTo("1");
    assertThat(root.getAttribute("time")).isEqualTo("6.000");
    NodeList cases = document.getElementsByTagName("testcase");
    assertThat(cases.getLength()).isEqualTo(4);
    assertThat(((Element) cases.item(0)).getAttribute("name")).isEqualTo("<b> & \"quotes\" '?passed");
    Element failure = (Element) document.getElementsByTagName("failure").item(0);
    assertThat(failure.getAttribute("message")).isEqualTo("expected: <b> & \"quotes\" '?; observed: seen");
    assertThat(failure.getTextContent()).contains("It is ").contains("Reference: a reference");
    assertThat(document.getElementsByTagName("system-out").item(0).getTextContent())
        .startsWith("Deviates: <b>");
  }

  @Test
  void writesSelfContainedHtml() {
    String page = HtmlPage.of(all());

    assertThat(page).doesNotContain("<b> &").doesNotContain("http").doesNotContain("<script")
        .doesNotContain("<link").contains("prefers-color-scheme: dark").contains("Not conformant")
        .contains("2026-01-02 03:04 UTC").contains("<b>1</b> failed")
        .contains("&lt;b&gt; &amp; &quot;quotes&quot;");
    assertThat(page.split("<tr ", -1)).hasSize(5);
  }

  @Test
  void ignoresDeviationsInOutcome() {
    assertThat(report(new Verdict.Pass(), new Verdict.Deviation("x"), new Verdict.NotApplicable("y"))
        .isConformant()).isTrue();
    assertThat(all().isConformant()).isFalse();
    assertThat(all().summary()).isEqualTo("1 passed, 1 failed, 1 deviate, 1 not applicable");
  }

  @Test
  void isNotConformantWithoutApplicableChecks() {
    ConformanceReport all = report(new Verdict.Pass());
    ConformanceReport cannot = new ConformanceReport(all.device(), MigrationFeatures.NONE, Instant.EPOCH,
        Duration.ZERO, all.groups(), all.results());
    ConformanceReport otherGroup = new ConformanceReport(all.device(), MigrationFeatures.ALL, Instant.EPOCH,
        Duration.ZERO, Set.of(CheckGroup.TIMES), all.results());

    assertThat(cannot.outcome()).isEqualTo(Outcome.CANNOT_MIGRATE);
    assertThat(otherGroup.outcome()).isEqualTo(Outcome.NOTHING_APPLICABLE);
    assertThat(report(new Verdict.NotApplicable("x")).outcome()).isEqualTo(Outcome.NOTHING_APPLICABLE);
    assertThat(HtmlPage.of(cannot))
        .contains("<p class=\"badge failed\">Not checked: the device cannot migrate");
  }

  @Test
  void sortsResultsByGroup() {
    ConformanceReport report = new ConformanceReport(all().device(), MigrationFeatures.ALL, Instant.EPOCH,
        Duration.ZERO, Set.of(CheckGroup.TIMES), List.of(result(CheckGroup.TIMES, "t", new Verdict.Pass()),
            result(CheckGroup.INITIAL, "i", new Verdict.Pass())));

    assertThat(report.results()).extracting(it -> it.check().id()).containsExactly("initial/i", "times/t");
  }
}
