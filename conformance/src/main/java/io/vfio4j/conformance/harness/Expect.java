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

/** Compares the behaviour of a device with the expected one. */
public final class Expect {

  /** A request to a device. */
  @FunctionalInterface
  public interface Request {
    void send() throws DeviceException;
  }

  private Expect() {
  }

  /**
   * Sends a request.
   *
   * @return the device's refusal or failure; empty if the request succeeds
   * @throws DeviceLostException if the device is lost, so that it cannot be checked any further
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

  /** Expects that a request succeeds. */
  public static void succeeds(String expected, Request request) throws VerdictException, DeviceLostException {
    Optional<DeviceException> failure = failureOf(request);
    if (failure.isPresent()) {
      throw VerdictException.failed(expected, String.valueOf(failure.get().getMessage()));
    }
  }

  /** Expects that a request is refused with one of the given errnos. */
  public static void refused(String action, Request request, Errno... errnos)
      throws VerdictException, DeviceLostException {
    List<Errno> allowed = Arrays.asList(errnos);
    String expected = "%s is refused with %s".formatted(action,
        allowed.stream().map(Errno::name).collect(Collectors.joining(" or ")));
    Optional<DeviceException> failure = failureOf(request);
    if (failure.isEmpty()) {
      throw VerdictException.failed(expected, "it is accepted");
    }
    if (!allowed.contains(failure.get().errno())) {
      throw VerdictException.failed(expected, failure.get().errno().toString());
    }
  }

  /**
   * Expects that a request is refused with an errno; accepting it is a deviation, another errno a failure.
   */
  public static void refusedOrDeviation(CheckContext context, String action, Request request, Errno errno)
      throws VerdictException, DeviceLostException {
    Optional<DeviceException> failure = failureOf(request);
    if (failure.isEmpty()) {
      context.reportDeviation("%s is accepted; it should be refused with %s".formatted(action, errno.name()));
    } else if (!failure.get().errno().equals(errno)) {
      throw VerdictException.failed("%s is refused with %s".formatted(action, errno.name()),
          failure.get().errno().toString());
    }
  }

  /** Describes the difference between the state written to a device and the one read back; empty if they are equal. */
  public static Optional<String> difference(byte[] written, byte[] read) {
    int at = Arrays.mismatch(written, read);
    return at < 0
        ? Optional.empty()
        : Optional.of("%d bytes were written and %d read back; the first difference is in byte %d"
            .formatted(written.length, read.length, at));
  }

  /** Expects that a device is in a state. */
  public static void state(CheckContext context, DeviceState expected, String when)
      throws VerdictException, DeviceException {
    DeviceState state = context.device().state();
    if (state != expected) {
      throw VerdictException.failed(expected + " " + when, state.toString());
    }
  }
}
