// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reports of saved and restored states as text. */
public final class FileReportText {

  private FileReportText() {
  }

  public static List<String> lines(SaveReport report, Path file) {
    List<String> lines = new ArrayList<>();
    for (SaveReport.DeviceReport device : report.devices()) {
      lines.add("saved        %s: %s; it %s".formatted(device.device().name(),
          Quantities.bytes(device.bytes()), report.stopped() ? "stays in STOP" : "keeps running"));
    }
    lines.add("file         %s: %s, written in %s".formatted(file, Quantities.bytes(report.fileBytes()),
        Quantities.time(report.total())));
    report.compression()
        .ifPresent(compression -> lines.add(ReportText.describeCompression(compression, report.bytes())));
    if (!report.stopped()) {
      lines.add("downtime     " + Quantities.time(report.downtime()) + report.predictedParts()
          .map(parts -> ReportText.comparePrediction(report.downtime(), parts.total())).orElse(""));
      lines.add("of which     " + ReportText.parts(report.downtimeParts()));
      report.predictedParts().ifPresent(parts -> lines.add("predicted    " + ReportText.parts(parts)));
    }
    lines.add("phases       " + ReportText.phases(report.phases()));
    report.notes().forEach(note -> lines.add("note         " + note));
    return lines;
  }

  public static List<String> lines(RestoreReport report, Path file) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < report.devices().size(); i++) {
      lines.add("restored     %s from %s".formatted(report.devices().get(i).name(),
          report.state().devices().get(i).identity().name()));
    }
    lines.add("file         %s: %s, as of %s; its source %s".formatted(file,
        Quantities.bytes(report.state().fileBytes()), report.state().stoppedAt(),
        report.state().source().description()));
    lines.add("loaded       %s in %s".formatted(Quantities.bytes(report.summary().bytes()),
        Quantities.time(report.total())));
    lines.add("phases       " + ReportText.phases(report.phases()));
    report.notes().forEach(note -> lines.add("note         " + note));
    return lines;
  }
}
