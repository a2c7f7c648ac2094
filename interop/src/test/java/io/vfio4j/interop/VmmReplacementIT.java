// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.interop.VmmReplacement.Step;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The QEMU that runs a guest is replaced by another while the guest uses its device, which keeps running. The guest's own
 * log is the proof.
 */
class VmmReplacementIT {

  private static final int REPLACEMENTS = 10;
  /** Generous, because the machine may be busy. */
  private static final Duration MAX_PAUSE = Duration.ofSeconds(4);
  /** The scratch device has no error interrupt, which QEMU reports at the start. */
  private static final String NO_ERROR_INTERRUPT = "Could not enable error recovery";
  private static final String BEHIND_PORT = "0000:01:00.0";

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private static ControlledServer serve() throws Exception {
    return GUESTS.serveControlled("scratch", "--memory", "1m", "--handover");
  }

  private static Guest boot(ControlledServer server, GuestSettings settings) throws Exception {
    return GUESTS
        .boot(settings.withMemoryFile(server.control().resolveSibling(server.server().pid() + ".ram"))
            .withDeviceBehindRootPort(server.server().socket()));
  }

  /** Prepares the device for a program without an IOMMU, and returns the program. */
  private static String intxLoad(Guest guest) throws Exception {
    GuestFunction function = guest.function(BEHIND_PORT);
    function.enable();
    function.bind("uio_pci_generic");
    guest.runChecked("echo 2 >/proc/sys/vm/nr_hugepages");
    return "load %s %s".formatted(BEHIND_PORT, function.uio());
  }

  private static void replaceUnderLoad(Guest guest, String program, ControlledServer server,
      int spuriousInterrupts) throws Exception {
    GuestLoad load = GuestLoad.start(guest, program);
    try (HandoverProcess handover = new HandoverProcess(server)) {
      for (int i = 0; i < REPLACEMENTS; i++) {
        load.during(() -> new VmmReplacement(guest, BEHIND_PORT, handover).run());
      }
    }
    LoadVerdict verdict = load.end(new LoadVerdict.Limits(REPLACEMENTS, spuriousInterrupts, MAX_PAUSE));
    System.out.println("pauses of the guest, us: " + verdict.pauses());
    assertThat(verdict.problems()).isEmpty();
    assertThat(verdict.pauses()).hasSize(REPLACEMENTS);
    assertThat(guest.qemuErrors()).as("QEMU's messages").allMatch(
        // QEMU unmaps the whole virtual IOMMU at the start, where nothing is mapped.
        line -> line.contains(NO_ERROR_INTERRUPT) || line.contains("vfio_container_dma_unmap("));
  }

  @Test
  void replacesQemuWithIntx() throws Exception {
    ControlledServer server = serve();
    try (Guest guest = boot(server, GuestSettings.DEFAULT)) {
      replaceUnderLoad(guest, intxLoad(guest), server, 0);
      // The last QEMU's connection serves everything else.
      GuestFunction function = guest.function(BEHIND_PORT);
      function.unbind();
      function.reset();
      function.enable();
      ScratchExpectations.assertConfig(function);
      function.checkDma(1 << 20);
    }
  }

  @Test
  void replacesQemuWithIommuAndMsix() throws Exception {
    ControlledServer server = serve();
    try (Guest guest = boot(server, GuestSettings.DEFAULT.withIommu())) {
      GuestFunction function = guest.function(BEHIND_PORT);
      function.bind("vfio-pci");
      // A pending vector is signalled to the new owner, which may add one interrupt per replacement.
      replaceUnderLoad(guest, "vfio %s %s load".formatted(function.iommuGroup(), BEHIND_PORT), server,
          REPLACEMENTS);
      function.vfio("dma msix intx reset dma");
    }
  }

  /** The guest continues at the old QEMU, and its QEMU can be replaced later. */
  @Test
  void continuesAfterCancelledReplacement() throws Exception {
    ControlledServer server = serve();
    try (Guest guest = boot(server, GuestSettings.DEFAULT);
        HandoverProcess handover = new HandoverProcess(server)) {
      GuestLoad load = GuestLoad.start(guest, intxLoad(guest));
      load.during(() -> new VmmReplacement(guest, BEHIND_PORT, handover).runAndCancel());
      load.during(() -> new VmmReplacement(guest, BEHIND_PORT, handover).run());
      assertThat(load.end(new LoadVerdict.Limits(2, 0, MAX_PAUSE)).problems()).isEmpty();
    }
  }

  /** Without any one step, the guest's log shows that something is wrong. */
  @ParameterizedTest
  @EnumSource(Step.class)
  void needsEveryStep(Step step) throws Exception {
    ControlledServer server = serve();
    try (Guest guest = boot(server, GuestSettings.DEFAULT);
        HandoverProcess handover = new HandoverProcess(server)) {
      GuestLoad load = GuestLoad.start(guest, intxLoad(guest));
      VmmReplacement replacement = new VmmReplacement(guest, BEHIND_PORT, handover).without(step);
      assertThat(problems(load, replacement)).anyMatch(problem -> problem.contains("load: "));
    }
  }

  private static List<String> problems(GuestLoad load, VmmReplacement replacement) throws Exception {
    try {
      load.during(replacement::run);
    } catch (GuestException e) {
      return List.of(String.valueOf(e.getMessage()));
    }
    return load.end(new LoadVerdict.Limits(1, 0, MAX_PAUSE)).problems();
  }
}
