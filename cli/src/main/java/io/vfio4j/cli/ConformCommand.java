// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.conformance.ConformanceOptions;
import io.vfio4j.conformance.ConformanceReport;
import io.vfio4j.conformance.ConformanceSuite;
import io.vfio4j.conformance.Group;
import io.vfio4j.conformance.HtmlPage;
import io.vfio4j.conformance.JunitXml;
import io.vfio4j.conformance.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

@Command(name = "conform", description = {"Judge whether a device migrates as the protocol says.",
    "The device loses its state: it is reset at once, and before each check.",
    "Exit code 0: no check failed; 1: a check failed, or the device could not be judged: it cannot be opened, it cannot"
        + " migrate, or none of the checks is applicable."}, footer = {"",
        "Examples:", "  vfio4j conform vfio-user:/tmp/a.sock",
        "  vfio4j conform vfio-user:/tmp/a.sock --html report.html --junit-xml TEST-conform.xml",
        "  vfio4j conform vfio-user:/tmp/a.sock --only transitions,reset",
        "  A device that fails:", "    vfio4j conform 'sim:a?memory=1m&fault=arc=STOP>STOP_COPY,errno=EIO'"})
final class ConformCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "The device: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&features=LIST&migration=v1|v2|both&load=FILE&fault=SPEC].")
  private @Nullable DeviceAddress device;

  @Option(names = "--junit-xml", paramLabel = "FILE", description = "Write the report for build servers to FILE.")
  private @Nullable Path junitXml;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the report as a page to FILE.")
  private @Nullable Path html;

  @Option(names = "--only", paramLabel = "GROUP", split = ",", converter = GroupConverter.class, description = "Only these groups of checks: initial, transitions, paths, sessions, pre-copy, saving, resuming, "
      + "dma-log, reset, reopening, regions, v1-region, v1-states, v1-data, error, times.")
  private List<Group> only = new ArrayList<>();

  @Option(names = "--dangerous", description = "Do the checks too that may crash the system of a device with a bad driver.")
  private boolean dangerous;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    requireFolder("--junit-xml", junitXml);
    requireFolder("--html", html);
    Output output = common.output();
    ConformanceReport report;
    try (JudgedDevice judged = Options.required(device, "DEVICE").openToJudge(output::warning)) {
      report = ConformanceSuite.run(Subject.of(judged.probe()), options(), new ConformanceView(output));
    }
    if (junitXml != null) {
      Files.writeString(junitXml, JunitXml.of(report));
    }
    if (html != null) {
      Files.writeString(html, HtmlPage.of(report));
    }
    ConformanceText.lines(report).forEach(output::line);
    output.result(ConformanceJson.of(report));
    return report.isConformant() ? ExitCodes.DONE : ExitCodes.NOT_DONE;
  }

  private ConformanceOptions options() {
    ConformanceOptions options = ConformanceOptions.DEFAULT.withDangerous(dangerous);
    return only.isEmpty() ? options : options.withGroups(EnumSet.copyOf(only));
  }

  /** Says that a file cannot be written before the device is touched, not afterwards. */
  private void requireFolder(String option, @Nullable Path file) {
    if (file == null) {
      return;
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder) || Files.isDirectory(file)) {
      throw new ParameterException(common.spec().commandLine(),
          "%s: give a file in a folder that exists, not %s".formatted(option, file));
    }
  }
}
