// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Holds what a device does against what it should do. */
final class Expect {

  /** Something that is asked of a device. */
  @FunctionalInterface
  interface Request {
    void send() throws DeviceException;
  }

  private Expect() {
  }

  /**
   * Sends a request.
   *
   * @return the device's refusal or failure, if it is one
   * @throws DeviceLostException if there is no device any more, so that nothing can be expected of it
   */
  static Optional<DeviceException> failure(Request request) throws DeviceLostException {
    try {
      request.send();
      return Optional.empty();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      return Optional.of(e);
    }
  }

  /** Expects that a request works. */
  static void works(String expected, Request request) throws Judgement, DeviceLostException {
    Optional<DeviceException> failure = failure(request);
    if (failure.isPresent()) {
      throw Judgement.failed(expected, String.valueOf(failure.get().getMessage()));
    }
  }

  /** Expects that a request is refused with one of some errnos. */
  static void refused(String what, Request request, Errno... errnos) throws Judgement, DeviceLostException {
    List<Errno> allowed = Arrays.asList(errnos);
    String expected = "%s is refused with %s".formatted(what,
        allowed.stream().map(Errno::name).collect(Collectors.joining(" or ")));
    Optional<DeviceException> failure = failure(request);
    if (failure.isEmpty()) {
      throw Judgement.failed(expected, "it is accepted");
    }
    if (!allowed.contains(failure.get().errno())) {
      throw Judgement.failed(expected, failure.get().errno().toString());
    }
  }

  /** Notes a deviation if something is accepted that should be refused; a refusal needs the right errno. */
  static void refusedOrDeviates(Bench bench, String what, Request request, Errno errno)
      throws Judgement, DeviceLostException {
    Optional<DeviceException> failure = failure(request);
    if (failure.isEmpty()) {
      bench.deviates("%s is accepted; it should be refused with %s".formatted(what, errno.name()));
    } else if (!failure.get().errno().equals(errno)) {
      throw Judgement.failed("%s is refused with %s".formatted(what, errno.name()),
          failure.get().errno().toString());
    }
  }

  /** Expects that a device is in a state. */
  static void state(Bench bench, DeviceState expected, String when) throws Judgement, DeviceException {
    DeviceState state = bench.device().state();
    if (state != expected) {
      throw Judgement.failed(expected + " " + when, state.toString());
    }
  }
}
