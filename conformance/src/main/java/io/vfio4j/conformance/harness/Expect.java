// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Holds what a device does against what it should do. */
public final class Expect {

  /** Something that is asked of a device. */
  @FunctionalInterface
  public interface Request {
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
  public static Optional<DeviceException> failureOf(Request request) throws DeviceLostException {
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
  public static void succeeds(String expected, Request request) throws VerdictException, DeviceLostException {
    Optional<DeviceException> failure = failureOf(request);
    if (failure.isPresent()) {
      throw VerdictException.failed(expected, String.valueOf(failure.get().getMessage()));
    }
  }

  /** Expects that a request is refused with one of some errnos. */
  public static void refused(String what, Request request, Errno... errnos)
      throws VerdictException, DeviceLostException {
    List<Errno> allowed = Arrays.asList(errnos);
    String expected = "%s is refused with %s".formatted(what,
        allowed.stream().map(Errno::name).collect(Collectors.joining(" or ")));
    Optional<DeviceException> failure = failureOf(request);
    if (failure.isEmpty()) {
      throw VerdictException.failed(expected, "it is accepted");
    }
    if (!allowed.contains(failure.get().errno())) {
      throw VerdictException.failed(expected, failure.get().errno().toString());
    }
  }

  /** Notes a deviation if something is accepted that should be refused; a refusal needs the right errno. */
  public static void refusedOrDeviation(CheckContext bench, String what, Request request, Errno errno)
      throws VerdictException, DeviceLostException {
    Optional<DeviceException> failure = failureOf(request);
    if (failure.isEmpty()) {
      bench.reportDeviation("%s is accepted; it should be refused with %s".formatted(what, errno.name()));
    } else if (!failure.get().errno().equals(errno)) {
      throw VerdictException.failed("%s is refused with %s".formatted(what, errno.name()),
          failure.get().errno().toString());
    }
  }

  /** Expects that a device is in a state. */
  public static void state(CheckContext bench, DeviceState expected, String when)
      throws VerdictException, DeviceException {
    DeviceState state = bench.device().state();
    if (state != expected) {
      throw VerdictException.failed(expected + " " + when, state.toString());
    }
  }
}
