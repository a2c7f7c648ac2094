// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.ControlledDevice;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.InspectedDevice;
import io.vfio4j.conformance.ConformanceSuite;
import io.vfio4j.conformance.observe.ObservationReport;
import io.vfio4j.conformance.observe.ObservationSuite;
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
    "The device loses its state: it is reset first, and before each check. With --observe it keeps its state, and only what "
        + "a VMM that is using it does not notice is checked.",
    "Exit code 0: no check failed; 1: a check failed, or the device could not be checked: it cannot be opened, it cannot"
        + " migrate, or no check is applicable; 5: no check failed, but a report could not be written."}, footer = {
            "",
            "Examples:", "  vfio4j conform vfio-user:/tmp/a.sock",
            "  vfio4j conform vfio-user:/tmp/a.sock --html report.html --junit-xml TEST-conform.xml",
            "  vfio4j conform vfio-user:/tmp/a.sock --only transitions,reset",
            "  A device that a VMM is using (vfio4j serve ... --control /tmp/a.control):",
            "    vfio4j conform --observe control:/tmp/a.control",
            "  A device that fails:",
            "    vfio4j conform 'sim:a?memory=1m&fault=arc=STOP>STOP_COPY,errno=EIO'"})
public final class ConformCommand implements Callable<Integer> {

  /** Time after a signal for the current check to end; then the device is closed during the check. */
  private static final Duration SIGNAL_GRACE = Duration.ofMillis(700);

  @Parameters(paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "Device to check: vfio-user:PATH, control:PATH (with --observe), kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&features=LIST&migration=v1|v2|both&load=FILE&fault=SPEC].")
  private @Nullable DeviceAddress address;

  @Option(names = "--junit-xml", paramLabel = "FILE", description = "Write the report as JUnit XML to FILE.")
  private @Nullable Path junitXml;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the report as an HTML page to FILE.")
  private @Nullable Path html;

  @Option(names = "--only", paramLabel = "GROUP", split = ",", converter = CheckGroupConverter.class, completionCandidates = CheckGroupConverter.Candidates.class, description = "Run only these groups of checks: initial, transitions, paths, sessions, pre-copy, saving, resuming, "
      + "dma-log, reset, reopening, regions, v1-region, v1-states, v1-data, error, times.")
  private List<CheckGroup> only = new ArrayList<>();

  @Mixin
  private final ObserveOptions observe = new ObserveOptions();

  @Option(names = "--dangerous", description = "Also run checks that may crash the host of a device with a faulty driver.")
  private boolean dangerous;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  /** The report, and what the command prints of it. */
  private record Result(ConformanceReport report, List<String> lines, JsonObject json) {
  }

  @Override
  public Integer call() throws IOException {
    DeviceAddress device = OptionValues.required(address, "DEVICE");
    checkOptions(device);
    Optional<OutputFile> xmlFile = OptionValues.outputFile(common.spec(), "--junit-xml", junitXml);
    Optional<OutputFile> htmlFile = OptionValues.outputFile(common.spec(), "--html", html);
    Output output = common.output();
    Result result;
    ConformanceView view = new ConformanceView(output);
    try {
      result =
          device instanceof DeviceAddress.Control control ? observe(control, view)
              : check(device, view, output);
    } catch (CancellationException e) {
      throw new CommandException(ExitCodes.FAILURE, String.valueOf(e.getMessage()), e);
    }
    // Before the files, so that a full disk does not suppress the result.
    result.lines().forEach(output::line);
    output.result(result.json());
    ConformanceReport report = result.report();
    boolean isWritten = write("--junit-xml", xmlFile, JunitXml.of(report), output);
    isWritten &= write("--html", htmlFile, HtmlPage.of(report), output);
    return !report.isConformant() ? ExitCodes.FAILURE
        : isWritten ? ExitCodes.SUCCESS : ExitCodes.OUTPUT_FAILED;
  }

  private void checkOptions(DeviceAddress device) {
    boolean isControl = device instanceof DeviceAddress.Control;
    if (isControl && !observe.isEnabled()) {
      throw common.usageError(
          "%s: all checks together need the device's own socket, vfio-user:PATH, and reset the device. To check it while "
              .formatted(device) + "a VMM is using it, add --observe: "
              + SuggestedCommand.observe(device.toString()));
    }
    if (observe.isEnabled() && !isControl) {
      throw common.usageError(
          "--observe: %s is not a control socket; expected control:PATH (vfio4j serve ... --control PATH)"
              .formatted(device));
    }
    if (observe.isEnabled() && (dangerous || !only.isEmpty())) {
      throw common.usageError(
          "--observe: its checks are those of one group, none dangerous; leave out --only and --dangerous");
    }
    if (observe.allowsPause() && !observe.isEnabled()) {
      throw common.usageError("--allow-pause: without --observe the device is always stopped; leave it out");
    }
  }

  private Result check(DeviceAddress address, ConformanceView view, Output output) throws IOException {
    try (InspectedDevice device = address.openForInspection(output::warning);
        Termination.Registration _ = Termination.onSignal(view::cancel, SIGNAL_GRACE)) {
      ConformanceReport report = ConformanceSuite.run(DeviceUnderTest.of(device.probe()), options(), view);
      return new Result(report, ConformanceText.lines(report), ConformanceJson.of(report));
    }
  }

  private Result observe(DeviceAddress.Control address, ConformanceView view) throws IOException {
    try (ControlledDevice device = ControlledDevice.connect(address);
        Termination.Registration _ = Termination.onSignal(view::cancel, SIGNAL_GRACE)) {
      ObservationReport report = ObservationSuite.run(device, observe.options(), view);
      return new Result(report.checks(), ObservationView.lines(report), ObservationView.json(report));
    }
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
