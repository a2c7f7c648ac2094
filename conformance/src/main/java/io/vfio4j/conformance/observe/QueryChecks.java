// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.setup.DeviceInfos;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Optional;

/** Queries, which change nothing. */
final class QueryChecks {

  /** The name of the check without which no other one runs. */
  static final String STATE = "state";

  private QueryChecks() {
  }

  static void addTo(ObservationPlan plan) {
    plan.add(STATE, "A device in use is in RUNNING.", SpecReferences.STATES, context -> {
      DeviceState state = context.state();
      if (state != DeviceState.RUNNING) {
        throw VerdictException.failed("RUNNING", state + ", before anything was done");
      }
    });
    plan.add("VMM", "The server names the VMM, handles its messages, and has its connection for itself.",
        SpecReferences.CONTROL_INFO, QueryChecks::expectVmm);
    plan.add("infos", "Regions and interrupts are reported, and are the same each time.",
        SpecReferences.CONTROL_CLIENT, context -> {
          DeviceInfos first = context.infos();
          DeviceInfos second = context.infos();
          if (!first.equals(second)) {
            throw VerdictException.failed(first.toString(), second.toString());
          }
        });
    plan.add("config space", "Config space can be read, and contains the device's ids.",
        SpecReferences.CONTROL_CLIENT, QueryChecks::expectIds);
    plan.add("queries", "The state and its size can be queried in RUNNING.", SpecReferences.CONTROL_CLIENT,
        context -> {
          if (!context.features().canMigrate()) {
            throw VerdictException.notApplicable("the device cannot migrate");
          }
          context.queryLength();
        });
    plan.add("one client", "A second control client is refused with EBUSY while one is connected.",
        SpecReferences.CONTROL_SOCKET, context -> {
          Optional<DeviceException> refusal = context.connectTwice();
          String observed = refusal.map(e -> e.errno().toString()).orElse("it is accepted");
          if (refusal.isEmpty() || !refusal.get().errno().equals(Errno.EBUSY)) {
            throw VerdictException.failed("EBUSY", observed);
          }
        });
  }

  private static void expectVmm(ObservationContext context) throws VerdictException, DeviceException {
    DeviceUse use = context.use();
    if (use.vmm().isEmpty()) {
      throw VerdictException.notApplicable("no VMM is connected, so none can be disturbed");
    }
    if (use.isHeld() || use.isStaged() || use.isSurrendered()) {
      throw VerdictException.failed("a connection that is served",
          "a connection that is" + (use.isHeld() ? " held" : "") + (use.isStaged() ? " staged" : "")
              + (use.isSurrendered() ? " surrendered" : ""));
    }
    if (use.vmm().get().token() == 0) {
      throw VerdictException.failed("a token other than 0 for a VMM that uses the device", "0");
    }
  }

  private static void expectIds(ObservationContext context) throws VerdictException, DeviceException {
    int ids = MemorySegment.ofArray(context.configSpace())
        .get(JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    if (ids != context.ids()) {
      throw VerdictException.failed("%08x".formatted(context.ids()), "%08x".formatted(ids));
    }
  }

  /** Adds the checks that judge the whole run. */
  static void addLast(ObservationPlan plan) {
    plan.add("delay", "No request to the running device takes long, since the VMM's messages wait meanwhile.",
        SpecReferences.CONTROL_HOLD,
        context -> context.timer().slowCall().ifPresent(context::reportDeviation));
    plan.add("unchanged", "Nothing changes between the checks, as the delayed effect of one of them.",
        SpecReferences.CONTROL_SOCKET, ObservationContext::expectNoDrift);
  }
}
