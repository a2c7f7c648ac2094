// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.model.Errno;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** The errno of socket errors, of which the JDK reports only the text of strerror(3). */
final class SocketErrors {

  /** By the text of the JDK or of strerror(3). */
  private static final Map<String, Errno> BY_TEXT = Map.ofEntries(
      Map.entry("No such file or directory", new Errno(2)),
      Map.entry("Resource temporarily unavailable", new Errno(11)),
      Map.entry("Permission denied", new Errno(13)),
      Map.entry("Broken pipe", new Errno(32)),
      Map.entry("Address already in use", new Errno(98)),
      Map.entry("Cannot assign requested address", new Errno(99)),
      Map.entry("Network is unreachable", new Errno(101)),
      Map.entry("Connection reset", new Errno(104)),
      Map.entry("Connection reset by peer", new Errno(104)),
      Map.entry("Connection timed out", new Errno(110)),
      Map.entry("Connection refused", new Errno(111)),
      Map.entry("Host is unreachable", new Errno(113)),
      Map.entry("No route to host", new Errno(113)));

  private SocketErrors() {
  }

  /** Returns the errno of an exception, if known. */
  static Optional<Errno> errno(IOException failure) {
    return Optional.ofNullable(failure.getMessage()).map(BY_TEXT::get);
  }

  /** Returns name and text of the errno, or the exception's message if it has none. */
  static String message(IOException failure) {
    return errno(failure).map(Errno::toString).orElseGet(() -> Exceptions.message(failure));
  }
}
