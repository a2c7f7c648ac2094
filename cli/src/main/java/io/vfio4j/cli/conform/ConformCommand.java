// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.InspectedDevice;
import io.vfio4j.conformance.ConformanceSuite;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.HtmlPage;
import io.vfio4j.conformance.report.JunitXml;
import io.vfio4j.conformance.setup.ConformanceOptions;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.engine.output.OutputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The {@code conform} command. */
@Command(name = "conform", description = {"Check whether a device migrates as the protocol specifies.",
    "The device loses its state: it is reset first, and before each check.",
    "Exit code 0: no check failed; 1: a check failed, or the device could not be checked: it cannot be opened, it cannot"
        + " migrate, or no check is applicable; 5: no check failed, but a report could not be written."}, footer = {
            "",
            "Examples:", "  vfio4j conform vfio-user:/tmp/a.sock",
            "  vfio4j conform vfio-user:/tmp/a.sock --html report.html --junit-xml TEST-conform.xml",
            "  vfio4j conform vfio-user:/tmp/a.sock --only transitions,reset",
            "  A device that fails:",
            "    vfio4j conform 'sim:a?memory=1m&fault=arc=STOP>STOP_COPY,errno=EIO'"})
public final class ConformCommand implements Callable<Integer> {

  /** Time after a signal for the current check to end; then the device is closed during the check. */
  private static final Duration SIGNAL_GRACE = Duration.ofMillis(700);

  @Parameters(paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "Device to check: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&features=LIST&migration=v1|v2|both&load=FILE&fault=SPEC].")
  private @Nullable DeviceAddress address;

  @Option(names = "--junit-xml", paramLabel = "FILE", description = "Write the report as JUnit XML to FILE.")
  private @Nullable Path junitXml;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the report as an HTML page to FILE.")
  private @Nullable Path html;

  @Option(names = "--only", paramLabel = "GROUP", split = ",", converter = CheckGroupConverter.class, completionCandidates = CheckGroupConverter.Candidates.class, description = "Run only these groups of checks: initial, transitions, paths, sessions, pre-copy, saving, resuming, "
      + "dma-log, reset, reopening, regions, v1-region, v1-states, v1-data, error, times.")
  private List<CheckGroup> only = new ArrayList<>();

  @Option(names = "--dangerous", description = "Also run checks that may crash the host of a device with a faulty driver.")
  private boolean dangerous;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Optional<OutputFile> xmlFile = OptionValues.outputFile(common.spec(), "--junit-xml", junitXml);
    Optional<OutputFile> htmlFile = OptionValues.outputFile(common.spec(), "--html", html);
    Output output = common.output();
    ConformanceReport report;
    ConformanceView view = new ConformanceView(output);
    try (InspectedDevice device = OptionValues.required(address, "DEVICE").openForInspection(output::warning);
        Termination.Registration _ = Termination.onSignal(view::cancel, SIGNAL_GRACE)) {
      report = ConformanceSuite.run(DeviceUnderTest.of(device.probe()), options(), view);
    } catch (CancellationException e) {
      throw new CommandException(ExitCodes.FAILURE, String.valueOf(e.getMessage()), e);
    }
    // Before the files, so that a full disk does not suppress the result.
    ConformanceText.lines(report).forEach(output::line);
    output.result(ConformanceJson.of(report));
    boolean isWritten = write("--junit-xml", xmlFile, JunitXml.of(report), output);
    isWritten &= write("--html", htmlFile, HtmlPage.of(report), output);
    return !report.isConformant() ? ExitCodes.FAILURE
        : isWritten ? ExitCodes.SUCCESS : ExitCodes.OUTPUT_FAILED;
  }

  /** Writes a report to its file, if there is one; returns false if that failed. */
  private static boolean write(String option, Optional<OutputFile> file, String text, Output output) {
    try {
      if (file.isPresent()) {
        file.get().write(text);
      }
      return true;
    } catch (IOException e) {
      output.warning(
          "%s: %s could not be written: %s".formatted(option, file.get(), ErrorMessages.describe(e)));
      return false;
    }
  }

  private ConformanceOptions options() {
    ConformanceOptions.Builder options = ConformanceOptions.builder().dangerous(dangerous);
    return (only.isEmpty() ? options : options.groups(EnumSet.copyOf(only))).build();
  }
}
