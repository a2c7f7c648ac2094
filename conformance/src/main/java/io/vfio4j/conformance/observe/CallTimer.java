// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.setup.ObservationOptions;
import io.vfio4j.model.DeviceException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * Measures requests. While a server handles one, messages of the VMM wait, for no longer than the request takes
 * here. Used by one thread.
 */
final class CallTimer {

  /** A request with a result. */
  @FunctionalInterface
  interface Call<T> {
    T send() throws DeviceException;
  }

  private final ObservationOptions options;
  private String slowest = "";
  private long longestNanos;
  private Optional<Duration> longestPause = Optional.empty();

  CallTimer(ObservationOptions options) {
    this.options = options;
  }

  long now() {
    return options.nanoTime().getAsLong();
  }

  /** Sends a request to a running device, and records how long it takes. */
  <T> T time(String name, Call<T> call) throws DeviceException {
    long start = now();
    try {
      return call.send();
    } finally {
      long elapsed = now() - start;
      if (elapsed >= longestNanos) {
        longestNanos = elapsed;
        slowest = name;
      }
    }
  }

  /** Records how long the device was stopped. */
  void recordPause(long nanos) {
    Duration pause = Duration.ofNanos(nanos);
    longestPause = Optional.of(longestPause.filter(longest -> longest.compareTo(pause) > 0).orElse(pause));
  }

  Duration longestCall() {
    return Duration.ofNanos(longestNanos);
  }

  Optional<Duration> longestPause() {
    return longestPause;
  }

  /** Describes the longest request, if it was slow. */
  Optional<String> slowCall() {
    return longestNanos > options.slowCall().toNanos()
        ? Optional
            .of("%s took %s, in which messages of the VMM waited".formatted(slowest, format(longestNanos)))
        : Optional.empty();
  }

  static String format(long nanos) {
    return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
  }
}
