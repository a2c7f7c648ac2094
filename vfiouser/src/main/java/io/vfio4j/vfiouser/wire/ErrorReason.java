// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.SanitizedText;
import io.vfio4j.vfiouser.ProtocolException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The reason of a refusal: the body of a reply that has the error flag, UTF-8 without a NUL, at most {@link #MAX_SIZE}
 * bytes. Only between two ends that agreed on the extension {@code reasons}.
 */
public final class ErrorReason {

  static final int MAX_SIZE = 1024;

  private ErrorReason() {
  }

  /** Writes a reason, cut where it is too long, and returns how many bytes it has. */
  static int write(String reason, MemorySegment into, long at) {
    byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
    int size = Math.min(bytes.length, MAX_SIZE);
    MemorySegment.copy(bytes, 0, into, ValueLayout.JAVA_BYTE, at, size);
    return size;
  }

  /** Reads the reason of the reply that the reader stands at; null if there is none. What is too long is skipped later. */
  public static @Nullable String read(MessageReader reader) throws LinuxException, ProtocolException {
    int size = (int) Math.min(reader.remaining(), MAX_SIZE);
    if (size == 0) {
      return null;
    }
    int at = reader.readInPlace(size);
    byte[] bytes = reader.buffer().segment().asSlice(at, size).toArray(ValueLayout.JAVA_BYTE);
    // What a cut at the limit left of a character is replaced, as is what could steer a terminal.
    return SanitizedText.of(new String(bytes, StandardCharsets.UTF_8));
  }
}
