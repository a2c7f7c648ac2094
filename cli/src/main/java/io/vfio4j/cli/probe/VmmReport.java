// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.HandoverInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The report of who uses a device, as its control socket says. */
final class VmmReport {

  private static final int UNKNOWN_USER = -1;

  private final ControlInfo info;
  private final Optional<HandoverInfo> handover;

  /**
   * Creates the report.
   *
   * @param handover empty if the server does not admit a second VMM
   */
  VmmReport(ControlInfo info, Optional<HandoverInfo> handover) {
    this.info = info;
    this.handover = handover;
  }

  /** Returns the facts in the order of the text report. */
  List<ProbeReport.Fact> facts() {
    List<ProbeReport.Fact> facts = new ArrayList<>();
    facts.add(new ProbeReport.Fact("VMM", info.vmm().map(VmmReport::describe).orElse("none")));
    info.vmm().ifPresent(vmm -> {
      facts.add(new ProbeReport.Fact("mappings",
          "%d of %s".formatted(vmm.mappings(), Quantities.bytes(vmm.mappedBytes()))));
      List<String> irqs = enabledIrqs(vmm);
      facts.add(new ProbeReport.Fact("enabled", irqs.isEmpty() ? "no interrupts" : String.join(", ", irqs)));
    });
    facts.add(new ProbeReport.Fact("messages", (info.isHeld() ? "wait" : "are handled")
        + (info.isStaged() ? "; the connection was passed on by another server" : "")
        + (info.isSurrendered() ? "; the connection was surrendered" : "")
        + "; may wait for " + Quantities.time(info.maxHold())));
    handover.ifPresent(replacement -> {
      facts.add(new ProbeReport.Fact("second VMM",
          replacement.candidate().map(VmmReport::describe).orElse("none")));
      facts.add(new ProbeReport.Fact("epoch", describe(replacement)));
    });
    return facts;
  }

  private static String describe(HandoverInfo replacement) {
    return replacement.epoch()
        + (replacement.isOrphaned() ? "; its owner is lost, and it waits for another" : "")
        + (replacement.grace().isZero() ? "; reset at once if its owner is lost"
            : "; waits %s if its owner is lost".formatted(Quantities.time(replacement.grace())));
  }

  private static String describe(ControlInfo.Vmm vmm) {
    return "pid %s, uid %s, since %s".formatted(vmm.pid() == 0 ? "unknown" : vmm.pid(),
        vmm.uid() == UNKNOWN_USER ? "unknown" : Integer.toUnsignedString(vmm.uid()), vmm.connectedSince());
  }

  /** Returns the names of the interrupts that a VMM has enabled; numbers of those without a name. */
  private static List<String> enabledIrqs(ControlInfo.Vmm vmm) {
    return IntStream.range(0, Integer.SIZE).filter(vmm::isEnabled)
        .mapToObj(index -> ProbeReport.name(ProbeReport.IRQS, index)).toList();
  }

  /** Returns the JSON object of the VMM; JSON null without one. */
  JsonElement json() {
    return info.vmm().<JsonElement>map(vmm -> json(vmm).with("held", info.isHeld())
        .with("staged", info.isStaged()).with("surrendered", info.isSurrendered())
        .with("max_hold_ms", info.maxHold()).build()).orElse(JsonNull.INSTANCE);
  }

  /** Returns the JSON object of the replacement of the VMM; JSON null if the server does not admit a second one. */
  JsonElement replacementJson() {
    return handover.<JsonElement>map(replacement -> Json.object().with("epoch", replacement.epoch())
        .with("grace_ms", replacement.grace()).with("orphaned", replacement.isOrphaned())
        .with("candidate",
            replacement.candidate().<JsonElement>map(vmm -> json(vmm).build()).orElse(JsonNull.INSTANCE))
        .build()).orElse(JsonNull.INSTANCE);
  }

  private static Json json(ControlInfo.Vmm vmm) {
    return Json.object().with("pid", vmm.pid() == 0 ? JsonNull.INSTANCE : new JsonPrimitive(vmm.pid()))
        .with("uid",
            vmm.uid() == UNKNOWN_USER ? JsonNull.INSTANCE
                : new JsonPrimitive(Integer.toUnsignedLong(vmm.uid())))
        .with("since", vmm.connectedSince().toString()).with("mappings", vmm.mappings())
        .with("mapped_bytes", vmm.mappedBytes()).with("irqs", enabledIrqs(vmm));
  }
}
