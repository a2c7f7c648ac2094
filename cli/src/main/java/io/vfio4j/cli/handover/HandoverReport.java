// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.base.TextTable;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.HandoverAction;
import io.vfio4j.vfiouser.client.HandoverResult;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The output of {@code handover}.
 *
 * @param device the device's name
 * @param output receives it
 */
record HandoverReport(String device, Output output) {

  /** The names of interrupt indexes, from 0. */
  private static final List<String> IRQS = List.of("INTx", "MSI", "MSI-X", "error", "request");

  /** Prints what a wait is waiting for. */
  void printWaiting(String obstacle, Duration patience) {
    output.info("waiting up to %s: %s".formatted(Quantities.time(patience), obstacle));
    output.event(Json.event("handover-waiting").with("device", device).with("reason", obstacle).build());
  }

  /** Prints the owner and the candidate. */
  void printContenders(Contenders contenders) {
    output.line("%s, epoch %s".formatted(device, Long.toUnsignedString(contenders.handover().epoch())));
    TextTable.lines(List.of(row("owner", contenders.owner()), row("candidate", contenders.candidate())))
        .forEach(output::line);
    if (contenders.handover().isOrphaned()) {
      output.line(
          "The owner has disconnected. The device waits up to %s for a candidate to replace it, then it is reset."
              .formatted(Quantities.time(contenders.handover().grace())));
    }
  }

  private static List<String> row(String role, Optional<ControlInfo.Vmm> vmm) {
    return vmm.map(present -> List.of(role, "pid " + present.pid(), "uid " + present.uid(),
        "since " + present.connectedSince(),
        "%d mappings of %s".formatted(present.mappings(), Quantities.bytes(present.mappedBytes())),
        interrupts(present))).orElse(List.of(role, "none", "", "", "", ""));
  }

  private static String interrupts(ControlInfo.Vmm vmm) {
    List<String> names = interruptNames(vmm);
    return names.isEmpty() ? "no interrupts" : String.join(", ", names);
  }

  private static List<String> interruptNames(ControlInfo.Vmm vmm) {
    return IntStream.range(0, IRQS.size()).filter(vmm::isEnabled).mapToObj(IRQS::get).toList();
  }

  /**
   * Prints that the handover waits for a line on standard input.
   *
   * @param objection why the server would refuse it now, if it would
   */
  void printUnconfirmed(Contenders contenders, Optional<String> objection) {
    output.line(objection.map(reason -> "The handover would be refused now: " + reason)
        .orElse("The handover would be accepted now."));
    output.line("Press Enter to hand over, or end the input to cancel.");
    output.event(fill(Json.event("handover-ready"), contenders, contenders.handover().epoch())
        .with("reason", objection.orElse(null)).build());
  }

  /** Prints the result of a request. The owner and the candidate in it are those of before. */
  void print(HandoverAction action, Contenders contenders, HandoverResult result) {
    output.line(switch (action) {
      case DRY_RUN -> "The handover would be accepted.";
      case ABORT -> "The candidate is disconnected; " + contenders.describeUnchanged() + ".";
      case COMMIT -> handedOver(contenders, result);
    });
    output.result(fill(Json.event("handover"), contenders, result.epoch())
        .with("action", action.name().toLowerCase(Locale.ROOT)).with("took_ms", result.took()).build());
  }

  private static String handedOver(Contenders contenders, HandoverResult result) {
    return "Handed over to pid %d in %s (epoch %s).%s".formatted(
        contenders.candidate().orElseThrow().pid(), Quantities.time(result.took()),
        Long.toUnsignedString(result.epoch()),
        contenders.owner().map(old -> " The same command gives the device back to pid " + old.pid() + ".")
            .orElse(""));
  }

  /** Adds the fields that both events have. */
  private Json fill(Json event, Contenders contenders, long epoch) {
    return event.with("device", device).with("epoch", epoch)
        .with("owner", json(contenders.owner())).with("candidate", json(contenders.candidate()));
  }

  private static JsonElement json(Optional<ControlInfo.Vmm> vmm) {
    return vmm.<JsonElement>map(present -> Json.object().with("pid", present.pid()).with("uid", present.uid())
        .with("since", present.connectedSince().toString()).with("token", Long.toHexString(present.token()))
        .with("mappings", present.mappings()).with("mapped_bytes", present.mappedBytes())
        .with("interrupts", interruptNames(present)).build()).orElse(JsonNull.INSTANCE);
  }
}
