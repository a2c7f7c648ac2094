// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.plan.Recovery;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Resets the devices of a target that has failed, so that nothing of what was loaded runs. */
final class TargetReset {

  private final DeviceGroup group;
  private final TargetPledge pledge;

  /**
   * Makes one.
   *
   * @param pledge how far the target had come
   */
  TargetReset(DeviceGroup group, TargetPledge pledge) {
    this.group = group;
    this.pledge = pledge;
  }

  /** What became of a device of the target, from good to bad. */
  enum Fate {
    UNTOUCHED("was not touched", "were not touched", true),
    RESET("was reset", "were reset", true),
    NOT_RUNNING("could not be reset, but does not run with the state",
        "could not all be reset, but none runs with the state", true),
    UNSURE("could not be reset, and whether it runs is unknown",
        "could not all be reset, and whether they run is unknown", false);

    private final String one;
    private final String several;
    private final boolean surelyNotRunning;

    Fate(String one, String several, boolean surelyNotRunning) {
      this.one = one;
      this.several = several;
      this.surelyNotRunning = surelyNotRunning;
    }

    boolean surelyNotRunning() {
      return surelyNotRunning;
    }

    String words(int devices) {
      return devices == 1 ? "its device " + one : "its devices " + several;
    }
  }

  /** Resets all devices, and returns the fate of the one that fared worst. */
  Fate run(Throwable cause) {
    List<CompletableFuture<Fate>> calls =
        group.start(device -> device.isHung() ? notReset(device) : reset(device, cause));
    try {
      Waiting.alone().await(calls, Waiting.Limit.of(group.arcTimeout()));
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
    group.noteHung(calls);
    Fate worst = Fate.UNTOUCHED;
    for (int i = 0; i < calls.size(); i++) {
      CompletableFuture<Fate> call = calls.get(i);
      Fate fate = call.isDone() && !call.isCompletedExceptionally()
          ? call.resultNow()
          : notReset(group.devices().get(i));
      worst = fate.compareTo(worst) > 0 ? fate : worst;
    }
    return worst;
  }

  private Fate reset(MovedDevice device, Throwable cause) {
    if (!device.isTouched()) {
      return Fate.UNTOUCHED;
    }
    try {
      device.reset("what was loaded is of no use; " + Recovery.discard().reason());
      return Fate.RESET;
    } catch (DeviceException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
      return notReset(device);
    }
  }

  /** Before a device was told to run it got no further than STOP. After that only its own word can tell. */
  private Fate notReset(MovedDevice device) {
    boolean stopped = pledge != TargetPledge.STARTING
        || device.known().filter(state -> !state.isRunning()).isPresent();
    return stopped ? Fate.NOT_RUNNING : Fate.UNSURE;
  }
}
