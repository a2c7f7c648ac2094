// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import java.util.function.Consumer;

/** Takes the lines of a server's log by their level; wherever a server takes a {@code Consumer} it may be given one. */
@FunctionalInterface
public interface ServerLog extends Consumer<String> {

  /** Takes a line, from any thread. */
  void log(LogLevel level, String line);

  /** Takes a warning. */
  @Override
  default void accept(String line) {
    log(LogLevel.WARNING, line);
  }

  /** Returns a log that passes warnings on and nothing else, or the consumer itself if it knows levels. */
  static ServerLog of(Consumer<String> consumer) {
    return consumer instanceof ServerLog log ? log : (level, line) -> {
      if (level == LogLevel.WARNING) {
        consumer.accept(line);
      }
    };
  }
}
