// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.log;

import java.util.function.Consumer;

/**
 * Receives the lines of a server's log with their level. It can be passed wherever a server takes a
 * {@code Consumer}.
 */
@FunctionalInterface
public interface ServerLog extends Consumer<String> {

  /** Receives a line, on any thread. */
  void log(LogLevel level, String line);

  /** Receives a warning. */
  @Override
  default void accept(String line) {
    log(LogLevel.WARNING, line);
  }

  /**
   * Returns a log that passes only warnings to a consumer, or the consumer itself if it is a
   * {@code ServerLog}.
   */
  static ServerLog of(Consumer<String> consumer) {
    return consumer instanceof ServerLog log ? log : (level, line) -> {
      if (level == LogLevel.WARNING) {
        consumer.accept(line);
      }
    };
  }
}
