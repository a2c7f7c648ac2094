// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.HandoverAction;
import io.vfio4j.vfiouser.client.HandoverInfo;
import java.io.IOException;
import java.util.Optional;

/**
 * The VMMs of a device.
 *
 * @param owner the one that uses it
 * @param handover what the server says about its replacement
 */
record Contenders(Optional<ControlInfo.Vmm> owner, HandoverInfo handover) {

  /**
   * Asks the server.
   *
   * @param device the device's name, for messages
   * @throws CommandException if the server does not admit a second VMM
   */
  static Contenders read(ControlClient control, String device) throws IOException {
    HandoverInfo handover = control.handoverInfo().orElseThrow(() -> new CommandException(ExitCodes.FAILURE,
        "%s: its server does not admit a second VMM; start it with vfio4j serve ... --handover"
            .formatted(device),
        null));
    return new Contenders(control.info().vmm(), handover);
  }

  /** Returns the VMM that may replace the owner, if there is one that has completed its VERSION. */
  Optional<ControlInfo.Vmm> candidate() {
    return handover.candidate().filter(vmm -> vmm.token() != 0);
  }

  /**
   * Returns the candidate.
   *
   * @throws CommandException if there is none
   */
  ControlInfo.Vmm requireCandidate(String device) throws CommandException {
    return candidate().orElseThrow(() -> new CommandException(ExitCodes.FAILURE,
        "%s has no candidate; %s. Connect the new VMM to the device's socket first (--wait TIME waits for it)"
            .formatted(device, describeUnchanged()),
        null));
  }

  /** Returns why the server would refuse the handover to the candidate now; empty if it would not. */
  Optional<String> findObjection(ControlClient control) throws IOException {
    try {
      control.handOver(HandoverAction.DRY_RUN, candidate().orElseThrow().token());
      return Optional.empty();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      return Optional.of(e.reason().orElse(e.errno().toString()));
    }
  }

  /**
   * Checks that the candidate is still the one that was confirmed.
   *
   * @throws CommandException if it is another
   */
  void requireSameCandidate(Contenders confirmed) throws CommandException {
    if (candidate().orElseThrow().token() != confirmed.candidate().orElseThrow().token()) {
      throw new CommandException(ExitCodes.FAILURE,
          "another VMM than the confirmed one is the candidate now; " + describeUnchanged(), null);
    }
  }

  /** Says that nothing has changed. */
  String describeUnchanged() {
    return owner.map(vmm -> "the device stays with its owner, pid " + vmm.pid())
        .orElse("the device stays without an owner");
  }
}
