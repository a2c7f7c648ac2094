// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.HandoverAction;
import io.vfio4j.vfiouser.client.HandoverResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code handover}. */
@Command(name = "handover", description = {
    "Make another VMM the owner of a device that keeps running, because the VMM is replaced: the guest moves from one process to another on this host, and its memory is shared by both.",
    "While one VMM owns the device, another one, the candidate, may connect to the device's socket and set itself up: its DMA mappings and interrupts are recorded, and have no effect. "
        + "This command puts them into force, and signals pending interrupts to the candidate. Then the old owner is the candidate, and the same command gives the device back to it.",
    "First the server checks that the candidate maps all memory that the owner has mapped, that its interrupts are set up, and that the owner is quiet. If not, all findings are listed, and nothing changes.",
    "The server must have been started with --handover. The VMs must be stopped, except for the check."}, footer = {
        "", "Examples:",
        "  Wait until the new VMM is connected and has set itself up; nothing changes:",
        "    vfio4j handover control:/tmp/a.control --wait 30s --dry-run",
        "  Hand over:", "    vfio4j handover control:/tmp/a.control",
        "  Start before the guest stops, and hand over without delay when a line arrives on standard input:",
        "    vfio4j handover control:/tmp/a.control --wait 30s --confirm",
        "  Disconnect the candidate:", "    vfio4j handover control:/tmp/a.control --abort"})
public final class HandoverCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "The device: control:PATH of its server.")
  private @Nullable DeviceAddress address;

  @Option(names = "--dry-run", description = "Only check whether the handover would be accepted. Exit code 0: yes; 1: no.")
  private boolean dryRun;

  @Option(names = "--abort", description = "Disconnect the candidate. The owner does not notice.")
  private boolean abort;

  @Option(names = "--wait", paramLabel = "TIME", converter = DurationConverter.class, description = "Wait up to TIME for a candidate that passes the check (default: do not wait). With --confirm: for one to connect, and after the line again for it to pass the check.")
  private @Nullable Duration patience;

  @Option(names = "--confirm", description = "When a candidate is connected, wait for a line on standard input before the check and the handover. The end of input cancels them, exit code 1.")
  private boolean confirm;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    checkOptions();
    Output output = common.output();
    DeviceAddress device = OptionValues.required(address, "DEVICE");
    if (!(device instanceof DeviceAddress.Control)) {
      throw common.usageError(
          "%s: a VMM is replaced through the server's control socket; expected control:PATH "
              .formatted(device) + "(vfio4j serve ... --control PATH --handover)");
    }
    try (OpenDevice opened = device.open(output::warning)) {
      return run(opened.control().orElseThrow(), new HandoverReport(opened.name(), output));
    }
  }

  private void checkOptions() {
    if (abort && (dryRun || confirm || patience != null)) {
      throw common.usageError("--abort cannot be combined with --dry-run, --confirm or --wait");
    }
    if (dryRun && confirm) {
      throw common.usageError("--dry-run and --confirm are mutually exclusive");
    }
  }

  private int run(ControlClient control, HandoverReport report) throws IOException, InterruptedException {
    Contenders contenders = findCandidate(control, report);
    HandoverAction action =
        abort ? HandoverAction.ABORT : dryRun ? HandoverAction.DRY_RUN : HandoverAction.COMMIT;
    report.print(action, contenders, request(control, action, contenders));
    return ExitCodes.SUCCESS;
  }

  /** Returns the VMMs when the handover can be requested. */
  private Contenders findCandidate(ControlClient control, HandoverReport report)
      throws IOException, InterruptedException {
    if (patience == null) {
      Contenders contenders = Contenders.read(control, report.device());
      report.printContenders(contenders);
      contenders.requireCandidate(report.device());
      if (confirm) {
        awaitConfirmation(contenders, control, report);
      }
      return contenders;
    }
    CandidateWait wait = new CandidateWait(control, report, patience);
    if (!confirm) {
      Contenders contenders = wait.awaitReady();
      report.printContenders(contenders);
      return contenders;
    }
    Contenders confirmed = wait.awaitConnected();
    report.printContenders(confirmed);
    awaitConfirmation(confirmed, control, report);
    Contenders ready = wait.awaitReady();
    ready.requireSameCandidate(confirmed);
    return ready;
  }

  /**
   * Waits for a line on standard input, from which nothing else reads. The check before it is for information: what it
   * misses may be set up when the guest has moved.
   */
  private static void awaitConfirmation(Contenders contenders, ControlClient control, HandoverReport report)
      throws IOException {
    report.printUnconfirmed(contenders, contenders.findObjection(control));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
    if (in.readLine() == null) {
      throw new CommandException(ExitCodes.FAILURE,
          "cancelled, because standard input has ended; " + contenders.describeUnchanged(), null);
    }
  }

  /** Sends a request for the candidate that was shown, never for another that has connected since. */
  private static HandoverResult request(ControlClient control, HandoverAction action, Contenders contenders)
      throws IOException {
    long token = contenders.candidate().orElseThrow().token();
    try {
      return control.handOver(action, token);
    } catch (DeviceLostException e) {
      throw lost(action, e);
    } catch (DeviceException e) {
      throw new CommandException(ExitCodes.FAILURE,
          "%s; %s".formatted(Optional.ofNullable(e.getMessage()).orElse(e.errno().toString()),
              contenders.describeUnchanged()),
          e);
    }
  }

  private static CommandException lost(HandoverAction action, DeviceLostException e) {
    boolean isCommit = action == HandoverAction.COMMIT;
    return new CommandException(isCommit ? ExitCodes.INTERVENTION_REQUIRED : ExitCodes.FAILURE,
        isCommit
            ? "the server has not answered, and may have handed the device over: %s. See who owns it: %s"
                .formatted(e.getMessage(), SuggestedCommand.probe(e.device()))
            : "the server has not answered: " + e.getMessage(),
        e);
  }
}
